"""The page that tells who may do what is printed from the code."""

import re

from models.people.member import Role
from models.tickets.permissions import Relation, Verb, is_permitted
from tests.project import ROOT


def test_the_page_shows_the_table_that_counts() -> None:
    page = (ROOT / "docs/permissions.md").read_text(encoding="utf-8")
    shown = re.search("<!-- table: begin -->\n(.*?)\n<!-- table: end -->", page, re.DOTALL)

    assert shown
    assert shown[1] == table()


def table() -> str:
    """The table as Markdown."""
    lines = [
        f"| verb | {' | '.join(f'{role}, {related}' for role in Role for related in Relation)} |",
        f"|---|{'---|' * len(Role) * len(Relation)}",
    ]
    for verb in Verb:
        cells = [is_permitted(verb, role, related) for role in Role for related in Relation]
        lines.append(f"| {verb} | {' | '.join('yes' if cell else '' for cell in cells)} |")
    return "\n".join(lines)
