"""What came of each fault, written into docs/reliability.md by `make faults`."""

import re
from collections import defaultdict

import pytest

from tests.faults.catalogue import CATALOGUE, FaultCase
from tests.project import ROOT

FAULTS_PROPERTY = "faults"
RELIABILITY_PAGE = ROOT / "docs" / "reliability.md"


class FaultReportPlugin:
    """A plugin that notes, for each fault, the tests about it and how they ended."""

    def __init__(self) -> None:
        self._failed: defaultdict[str, list[str]] = defaultdict(list)
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._tests: defaultdict[str, set[str]] = defaultdict(set)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a test's beginning, middle or end went."""
        about = dict(report.user_properties).get(FAULTS_PROPERTY)
        for fault in about if isinstance(about, list) else []:
            self._seconds[fault] += report.duration
            self._tests[fault].add(report.nodeid)
            if report.failed:
                self._failed[fault].append(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write the table."""
        lines = ["| | fault | promises | outcome |", "|---|---|---|---|"]
        for fault in CATALOGUE.values():
            about = f"{fault.event} → {fault.expectation}"
            lines.append(f"| {fault.id} | {about} | {fault.promises} | {self._outcome(fault)} |")
        write_section("faults", "\n".join(lines))

    def _outcome(self, fault: FaultCase) -> str:
        if fault.reason_untested:
            return fault.reason_untested
        tests, failed = len(self._tests[fault.id]), len(set(self._failed[fault.id]))
        if not tests:
            return "not run"
        if failed:
            return f"**broken** in {failed} of {tests}"
        return f"held ({tests}, {self._seconds[fault.id]:.0f} s)"


def fault_ids(item: pytest.Item) -> list[str]:
    """The faults that a test says it is about."""
    return [str(fault) for mark in item.iter_markers("fault") for fault in mark.args]


def write_section(name: str, text: str) -> None:
    """Put a text between the marks of that name in docs/reliability.md."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    document = RELIABILITY_PAGE.read_text(encoding="utf-8")
    section = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not section.search(document):
        raise ValueError(f"docs/reliability.md has no place for {name}")
    written = section.sub(lambda _: f"{begin}\n\n{text}\n\n{end}", document)
    RELIABILITY_PAGE.write_text(written, encoding="utf-8")
