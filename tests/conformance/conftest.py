"""Conformance tests read Slack's own data from `shared`; without that folder, none is collected."""

from tests.project import ROOT

SHARED = ROOT.parent / "shared"

collect_ignore_glob = [] if SHARED.is_dir() else ["test_*.py"]
