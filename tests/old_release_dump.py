"""`python -m tests.old_release_dump COMMIT NAME`: dumps a database that an old commit writes.

`tests/data/releases/fill_COMMIT.py` fills it through Slack, with the bot and the worker of that
commit. The dump goes to `tests/data/releases/NAME.json`. Old commits need no packages that are not
in this release's environment, so they run with it.
"""

import os
import subprocess
import sys
from tempfile import TemporaryDirectory

from tests.project import ROOT

RELEASES = ROOT / "tests" / "data" / "releases"


def write_dump(commit: str, name: str) -> None:
    """Check the commit out into a temporary worktree, run its script there, and remove it."""
    script, output = RELEASES / f"fill_{commit}.py", RELEASES / f"{name}.json"
    with TemporaryDirectory(prefix="old-release-") as folder:
        _run("git", "worktree", "add", "--detach", folder, commit)
        try:
            _run(sys.executable, str(script), str(output), module_path=folder)
        finally:
            _run("git", "worktree", "remove", "--force", folder)


def _run(*argv: str, module_path: str = "") -> None:
    environment = {**os.environ, "PYTHONPATH": module_path, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(argv, check=True, cwd=module_path or ROOT, env=environment)  # noqa: S603


if __name__ == "__main__":
    write_dump(*sys.argv[1:])
