"""The commit-msg hook: `python -m tests.rules.commit_message FILE` refuses an unclear subject."""

import sys
from pathlib import Path

from tests.rules.plain_language import subject_problem


def main() -> None:
    """Read the message from the file that git names; exit 1 with a sentence when it is unclear."""
    subject = Path(sys.argv[1]).read_text(encoding="utf-8").split("\n", 1)[0].strip()
    if problem := subject_problem(subject):
        sys.exit(f"{subject!r}: {problem}")


if __name__ == "__main__":
    main()
