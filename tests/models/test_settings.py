"""Settings: read from the environment, refused with a clear list, secrets never shown."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import ROOT

NEEDED = {
    "SLACK_BOT_TOKEN": "xoxb-very-secret",
    "SLACK_SIGNING_SECRET": "also-very-secret",
    "JWT_SECRET": "thirty-two-bytes-are-just-enough",
}


def starts(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Start the bot, which is to end at once, with this environment and nothing else."""
    return subprocess.run(
        [sys.executable, "-m", "bot"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_bot_says_which_settings_are_missing(tmp_path: Path) -> None:
    ended = starts(tmp_path)

    assert ended.returncode == 1
    assert all(f"{name}: Field required" in ended.stderr for name in NEEDED)
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("secret", ["short", "x" * 31, "ü" * 15])
def test_a_short_secret_is_refused_and_no_value_is_shown(tmp_path: Path, secret: str) -> None:
    ended = starts(tmp_path, **{**NEEDED, "JWT_SECRET": secret})

    assert ended.returncode == 1
    assert "JWT_SECRET: it must have at least 32 bytes" in ended.stderr
    assert secret not in ended.stderr
    assert "very-secret" not in ended.stderr


def test_a_value_from_dot_env_counts(tmp_path: Path) -> None:
    lines = [f"{name}={value}" for name, value in NEEDED.items()]
    (tmp_path / ".env").write_text("\n".join([*lines, "PORT=none"]))

    assert "PORT: Input should be a valid integer" in starts(tmp_path).stderr
