"""These tests read Slack's own shapes, which lie beside the project; alone it does not run them."""

from pathlib import Path

SHARED = Path(__file__).resolve().parents[3] / "shared"

collect_ignore_glob = [] if SHARED.is_dir() else ["test_*.py"]
