"""What was measured: a table and a plot in docs/performance.md, and the same as JSON."""

import json
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.project import ROOT

DOCS = ROOT / "docs"
REPORT_PAGE, PLOT_FILE, JSON_FILE = (
    DOCS / "performance.md",
    DOCS / "performance.svg",
    DOCS / "performance.json",
)
_BEGIN, _END = "<!-- bench: begin -->", "<!-- bench: end -->"


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One figure of the desk beside the one it is held against, both of the same run.

    Attributes:
        ratio: the desk's by the other's.
        least, most: what the ratio must be; None: it is only told.
    """

    label: str
    own_value: str
    baseline: str
    baseline_value: str
    ratio: float
    min_ratio: float | None = None
    max_ratio: float | None = None

    @property
    def is_within_limit(self) -> bool:
        """Whether the ratio is as it must be."""
        above = self.min_ratio is None or self.ratio >= self.min_ratio
        return above and (self.max_ratio is None or self.ratio <= self.max_ratio)

    @property
    def limit_text(self) -> str:
        """What the ratio must be, in words."""
        if self.min_ratio is not None:
            return f"≥ {self.min_ratio:g}"
        return f"≤ {self.max_ratio:g}" if self.max_ratio is not None else "–"

    @property
    def verdict(self) -> str:
        """Whether it is so, in a word."""
        if self.min_ratio is None and self.max_ratio is None:
            return ""
        return "yes" if self.is_within_limit else "**no**"


def render_table(rows: Sequence[ComparisonRow]) -> str:
    """The figures as Markdown."""
    lines = [
        "| what | the desk | against | | ratio | bar | holds |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (
            row.label,
            row.own_value,
            row.baseline,
            row.baseline_value,
            f"{row.ratio:.2f}",
            row.limit_text,
        )
        lines.append(f"| {' | '.join(cells)} | {row.verdict} |")
    return "\n".join(lines)


def write_report(rows: Sequence[ComparisonRow], *, servers: str, minutes: float) -> None:
    """Put them into docs/performance.md, the plot and the JSON beside it."""
    machine = (
        f"{platform.python_implementation()} {platform.python_version()}, "
        f"{os.cpu_count()} cores, {servers}"
    )
    picture = f"![How far each ratio is from its bar]({PLOT_FILE.name})"
    text = f"Measured on {machine}, in {minutes:.1f} minutes.\n\n{picture}\n\n{render_table(rows)}"
    page = REPORT_PAGE.read_text(encoding="utf-8")
    section = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
    written = section.sub(lambda _: f"{_BEGIN}\n\n{text}\n\n{_END}", page)
    REPORT_PAGE.write_text(written, encoding="utf-8")
    figures = [asdict(row) | {"holds": row.is_within_limit} for row in rows]
    numbers: dict[str, Any] = {"machine": machine, "rows": figures}
    JSON_FILE.write_text(json.dumps(numbers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _plot([row for row in rows if row.limit_text != "–"])


def _plot(rows: Sequence[ComparisonRow]) -> None:
    """How far each ratio is from its bar: to the right of the line it is better."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "frontdesk"
    from matplotlib import pyplot

    better = [
        row.ratio / row.min_ratio if row.min_ratio else (row.max_ratio or 1) / max(row.ratio, 1e-9)
        for row in rows
    ]
    figure, axes = pyplot.subplots(figsize=(9, 0.4 * len(rows) + 1))
    colours = ["#2a7d4f" if row.is_within_limit else "#b5432e" for row in rows]
    axes.barh([row.label for row in rows], better, color=colours)
    axes.axvline(1, color="#333333", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlabel("times as good as the bar asks for (the line)")
    axes.invert_yaxis()
    figure.tight_layout()
    figure.savefig(PLOT_FILE, metadata={"Date": None})
