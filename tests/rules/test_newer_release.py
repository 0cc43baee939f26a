"""The newer release of the long test of rolling updates can be made from the files as they are."""

from pathlib import Path

from tests.faults.newer_release import copy_newer_release


def test_every_edit_finds_its_place(tmp_path: Path) -> None:
    copy_newer_release(tmp_path)

    for path in tmp_path.rglob("*.py"):
        compile(path.read_text("utf-8"), path, "exec")
