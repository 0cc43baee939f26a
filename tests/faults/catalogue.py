"""The fault catalogue: each fault by number, with the behaviour that is expected.

The data is in catalogue.csv. A test names its faults with `@pytest.mark.fault("F41")`. A fault
without a test gives a reason.
"""

import csv
from pathlib import Path
from typing import NamedTuple


class FaultCase(NamedTuple):
    """One fault.

    Attributes:
        id: the number, such as F41.
        event: the fault itself.
        expectation: the expected behaviour.
        promises: the promises in docs/reliability.md that the fault could break.
        reason_untested: the reason why there is no test; empty if there is one.
    """

    id: str
    event: str
    expectation: str
    promises: str
    reason_untested: str


def _read_catalogue() -> dict[str, FaultCase]:
    with Path(__file__).with_name("catalogue.csv").open(encoding="utf-8", newline="") as rows:
        return {row["id"]: FaultCase(**row) for row in csv.DictReader(rows, delimiter="|")}


CATALOGUE = _read_catalogue()
