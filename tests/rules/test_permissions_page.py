"""docs/permissions.md shows the permission table of the code."""

import re

from models.people.member import Role
from models.tickets.permissions import Relation, Verb, is_permitted
from tests.project import ROOT


def test_page_shows_the_table_of_the_code() -> None:
    page = (ROOT / "docs/permissions.md").read_text(encoding="utf-8")
    table = re.search("<!-- table: begin -->\n(.*?)\n<!-- table: end -->", page, re.DOTALL)

    assert table
    assert table[1] == render_table()


def render_table() -> str:
    """The permission table as Markdown."""
    lines = [
        f"| verb | {' | '.join(f'{role}, {relation}' for role in Role for relation in Relation)} |",
        f"|---|{'---|' * len(Role) * len(Relation)}",
    ]
    for verb in Verb:
        cells = [is_permitted(verb, role, relation) for role in Role for relation in Relation]
        lines.append(f"| {verb} | {' | '.join('yes' if cell else '' for cell in cells)} |")
    return "\n".join(lines)
