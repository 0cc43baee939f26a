"""The bench report: a table and a plot in docs/performance.md, and the same data as JSON."""

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
    """One figure of Frontdesk and its baseline, measured in the same run.

    Attributes:
        label: the name of the measurement.
        own_value: the figure of Frontdesk.
        baseline: the name of the baseline.
        baseline_value: the figure of the baseline.
        ratio: the figure of Frontdesk divided by that of the baseline.
        min_ratio: the lower limit of the ratio, or None.
        max_ratio: the upper limit of the ratio, or None.
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
        """Whether the ratio is within its limits."""
        is_above_min = self.min_ratio is None or self.ratio >= self.min_ratio
        return is_above_min and (self.max_ratio is None or self.ratio <= self.max_ratio)

    @property
    def limit_text(self) -> str:
        """The limit as text."""
        if self.min_ratio is not None:
            return f"≥ {self.min_ratio:g}"
        return f"≤ {self.max_ratio:g}" if self.max_ratio is not None else "–"

    @property
    def verdict(self) -> str:
        """The answer for the last column; empty without a limit."""
        if self.min_ratio is None and self.max_ratio is None:
            return ""
        return "yes" if self.is_within_limit else "**no**"


def render_table(rows: Sequence[ComparisonRow]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| measurement | Frontdesk | compared with | | ratio | limit | within limit |",
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
    """Write docs/performance.md, its plot and its JSON file."""
    machine = (
        f"{platform.python_implementation()} {platform.python_version()}, "
        f"{os.cpu_count()} cores, {servers}"
    )
    picture = f"![Each ratio compared with its limit]({PLOT_FILE.name})"
    text = f"Measured on {machine}, in {minutes:.1f} minutes.\n\n{picture}\n\n{render_table(rows)}"
    page = REPORT_PAGE.read_text(encoding="utf-8")
    section = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
    updated = section.sub(lambda _: f"{_BEGIN}\n\n{text}\n\n{_END}", page)
    REPORT_PAGE.write_text(updated, encoding="utf-8")
    json_rows = [asdict(row) | {"is_within_limit": row.is_within_limit} for row in rows]
    report: dict[str, Any] = {"machine": machine, "rows": json_rows}
    JSON_FILE.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _plot([row for row in rows if row.limit_text != "–"])


def _plot(rows: Sequence[ComparisonRow]) -> None:
    """Plot each ratio against its limit: right of the line is better."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "frontdesk"
    from matplotlib import pyplot

    factors = [
        row.ratio / row.min_ratio if row.min_ratio else (row.max_ratio or 1) / max(row.ratio, 1e-9)
        for row in rows
    ]
    figure, axes = pyplot.subplots(figsize=(9, 0.4 * len(rows) + 1))
    colours = ["#2a7d4f" if row.is_within_limit else "#b5432e" for row in rows]
    axes.barh([row.label for row in rows], factors, color=colours)
    axes.axvline(1, color="#333333", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlabel("times better than the limit (the line)")
    axes.invert_yaxis()
    figure.tight_layout()
    figure.savefig(PLOT_FILE, metadata={"Date": None})
