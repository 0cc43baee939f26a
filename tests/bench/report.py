"""What was measured: a table and a plot in docs/performance.md, and the same as JSON."""

import json
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"
PAGE, PLOT, NUMBERS = DOCS / "performance.md", DOCS / "performance.svg", DOCS / "performance.json"
_BEGIN, _END = "<!-- bench: begin -->", "<!-- bench: end -->"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of the desk beside the one it is held against, both of the same run.

    Attributes:
        ratio: the desk's by the other's.
        least, most: what the ratio must be; None: it is only told.
    """

    what: str
    desk: str
    against: str
    other: str
    ratio: float
    least: float | None = None
    most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the ratio is as it must be."""
        above = self.least is None or self.ratio >= self.least
        return above and (self.most is None or self.ratio <= self.most)

    @property
    def bar(self) -> str:
        """What the ratio must be, in words."""
        if self.least is not None:
            return f"≥ {self.least:g}"
        return f"≤ {self.most:g}" if self.most is not None else "–"

    @property
    def verdict(self) -> str:
        """Whether it is so, in a word."""
        if self.least is None and self.most is None:
            return ""
        return "yes" if self.holds else "**no**"


def table(rows: Sequence[Row]) -> str:
    """The figures as Markdown."""
    lines = [
        "| what | the desk | against | | ratio | bar | holds |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (row.what, row.desk, row.against, row.other, f"{row.ratio:.2f}", row.bar)
        lines.append(f"| {' | '.join(cells)} | {row.verdict} |")
    return "\n".join(lines)


def write(rows: Sequence[Row], *, servers: str, minutes: float) -> None:
    """Put them into docs/performance.md, the plot and the JSON beside it."""
    machine = (
        f"{platform.python_implementation()} {platform.python_version()}, "
        f"{os.cpu_count()} cores, {servers}"
    )
    picture = f"![How far each ratio is from its bar]({PLOT.name})"
    text = f"Measured on {machine}, in {minutes:.1f} minutes.\n\n{picture}\n\n{table(rows)}"
    page = PAGE.read_text(encoding="utf-8")
    section = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
    written = section.sub(lambda _: f"{_BEGIN}\n\n{text}\n\n{_END}", page)
    PAGE.write_text(written, encoding="utf-8")
    figures = [asdict(row) | {"holds": row.holds} for row in rows]
    numbers: dict[str, Any] = {"machine": machine, "rows": figures}
    NUMBERS.write_text(json.dumps(numbers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _plot([row for row in rows if row.bar != "–"])


def _plot(rows: Sequence[Row]) -> None:
    """How far each ratio is from its bar: to the right of the line it is better."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "frontdesk"
    from matplotlib import pyplot

    better = [
        row.ratio / row.least if row.least else (row.most or 1) / max(row.ratio, 1e-9)
        for row in rows
    ]
    figure, axes = pyplot.subplots(figsize=(9, 0.4 * len(rows) + 1))
    colours = ["#2a7d4f" if row.holds else "#b5432e" for row in rows]
    axes.barh([row.what for row in rows], better, color=colours)
    axes.axvline(1, color="#333333", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlabel("times as good as the bar asks for (the line)")
    axes.invert_yaxis()
    figure.tight_layout()
    figure.savefig(PLOT, metadata={"Date": None})
