"""Settings: read from the environment, rejected with a clear list, and secrets are never shown."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import ROOT

REQUIRED = {
    "SLACK_BOT_TOKEN": "xoxb-very-secret",
    "SLACK_SIGNING_SECRET": "also-very-secret",
    "JWT_SECRET": "thirty-two-bytes-are-just-enough",
}


def run_bot(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the bot with this environment only; it must exit because of its settings."""
    return subprocess.run(
        [sys.executable, "-m", "bot"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_missing_settings_are_listed(tmp_path: Path) -> None:
    result = run_bot(tmp_path)

    assert result.returncode == 1
    assert all(f"{name}: Field required" in result.stderr for name in REQUIRED)
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("secret", ["short", "x" * 31, "ü" * 15])
def test_short_secret_is_rejected_and_not_shown(tmp_path: Path, secret: str) -> None:
    result = run_bot(tmp_path, **{**REQUIRED, "JWT_SECRET": secret})

    assert result.returncode == 1
    assert "JWT_SECRET: it must have at least 32 bytes" in result.stderr
    assert secret not in result.stderr
    assert "very-secret" not in result.stderr


def test_dot_env_file_is_read(tmp_path: Path) -> None:
    lines = [f"{name}={value}" for name, value in REQUIRED.items()]
    (tmp_path / ".env").write_text("\n".join([*lines, "PORT=none"]))

    assert "PORT: Input should be a valid integer" in run_bot(tmp_path).stderr
