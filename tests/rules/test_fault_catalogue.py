"""Each fault of the catalogue has a test, or the reason why it has none."""

import re

from tests.faults.catalogue import CATALOGUE
from tests.rules.source_files import source_files

_MARKS = re.compile(r"mark\.fault\(([^)]*)\)")


def test_each_fault_has_a_test_or_a_reason() -> None:
    marks = " ".join(mark for file in source_files("tests") for mark in _MARKS.findall(file.text))
    tested = set(re.findall(r"F\d\d", marks))

    assert tested == {fault.id for fault in CATALOGUE.values() if not fault.reason_untested}
