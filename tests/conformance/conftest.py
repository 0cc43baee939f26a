"""These tests read Slack's own shapes, which lie beside the project; alone it does not run them."""

from tests.project import ROOT

SHARED = ROOT.parent / "shared"

collect_ignore_glob = [] if SHARED.is_dir() else ["test_*.py"]
