"""Everything that may go wrong, by number: what happens, and what must hold all the same.

It stands in catalogue.csv. A test says with `@pytest.mark.fault("F41")` which of these it is about.
What has no test says why.
"""

import csv
from pathlib import Path
from typing import NamedTuple


class FaultCase(NamedTuple):
    """One way of failing.

    Attributes:
        promises: those of docs/reliability.md that it could break.
        instead: why there is no test of it, if there is none.
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
