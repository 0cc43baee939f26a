"""Paths of the project's own files, for tests in any folder."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
MANIFEST = ROOT / "manifest.yml"
