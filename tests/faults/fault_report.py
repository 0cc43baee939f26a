"""The result of each fault, written into docs/reliability.md by `make faults`."""

import re
from collections import defaultdict

import pytest

from models.text import pluralize
from tests.faults.catalogue import CATALOGUE, FaultCase
from tests.project import ROOT

FAULTS_PROPERTY = "faults"
RELIABILITY_PAGE = ROOT / "docs" / "reliability.md"


class FaultReportPlugin:
    """A pytest plugin that records the tests of each fault and their results."""

    def __init__(self) -> None:
        self._failed: defaultdict[str, list[str]] = defaultdict(list)
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._tests: defaultdict[str, set[str]] = defaultdict(set)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record the result of a test's setup, call or teardown."""
        faults = dict(report.user_properties).get(FAULTS_PROPERTY)
        for fault in faults if isinstance(faults, list) else []:
            self._seconds[fault] += report.duration
            self._tests[fault].add(report.nodeid)
            if report.failed:
                self._failed[fault].append(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write the table into docs/reliability.md."""
        lines = ["| | fault → expected | promises | result |", "|---|---|---|---|"]
        for fault in CATALOGUE.values():
            description = f"{fault.event} → {fault.expectation}"
            lines.append(
                f"| {fault.id} | {description} | {fault.promises} | {self._outcome(fault)} |"
            )
        write_section("faults", "\n".join(lines))

    def _outcome(self, fault: FaultCase) -> str:
        if fault.reason_untested:
            return fault.reason_untested
        tests, failed = len(self._tests[fault.id]), len(set(self._failed[fault.id]))
        if not tests:
            return "not run"
        if failed:
            return f"**failed** in {failed} of {tests} tests"
        return f"passed ({pluralize(tests, 'test')}, {self._seconds[fault.id]:.0f} s)"


def fault_ids(item: pytest.Item) -> list[str]:
    """The ids of the faults that a test covers."""
    return [str(fault) for mark in item.iter_markers("fault") for fault in mark.args]


def write_section(name: str, text: str) -> None:
    """Replace the text between the markers of that name in docs/reliability.md."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    document = RELIABILITY_PAGE.read_text(encoding="utf-8")
    section = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not section.search(document):
        raise ValueError(f"docs/reliability.md has no markers for {name}")
    updated = section.sub(lambda _: f"{begin}\n\n{text}\n\n{end}", document)
    RELIABILITY_PAGE.write_text(updated, encoding="utf-8")
