"""docs/permissions.md shows the tables of actions and fields and the permissions of the code."""

import re
from collections.abc import Callable

import pytest

from models.people.member import Role
from models.tickets.action import Relation
from models.tickets.actions import ACTIONS
from models.tickets.field import Surface
from models.tickets.fields import FIELDS
from models.tickets.permissions import is_permitted
from models.tickets.ticket import Status
from tests.project import ROOT

PEOPLES_ACTIONS = {verb: action for verb, action in ACTIONS.items() if action.is_for_people}


def render_permissions() -> str:
    """The permissions of roles and relations, as Markdown."""
    lines = [
        f"| verb | {' | '.join(f'{role}, {relation}' for role in Role for relation in Relation)} |",
        f"|---|{'---|' * len(Role) * len(Relation)}",
    ]
    for verb in PEOPLES_ACTIONS:
        cells = [is_permitted(verb, role, relation) for role in Role for relation in Relation]
        lines.append(f"| {verb} | {' | '.join('yes' if cell else '' for cell in cells)} |")
    return "\n".join(lines)


def render_actions() -> str:
    """The effect of each action, and its buttons and routes, as Markdown."""
    lines = [
        "| verb | what it does | in the statuses | buttons on cards | route in `/api/v1` | event |",
        "|---|---|---|---|---|---|",
    ]
    for verb, action in PEOPLES_ACTIONS.items():
        statuses = [status for status in Status if status in action.from_statuses]
        cells = (
            action.description,
            "all" if len(statuses) == len(Status) else ", ".join(statuses),
            ", ".join(f"*{button.label}*" for button in action.buttons if button.label),
            ", ".join(f"`{route.method} {route.path}`" for route in action.routes),
            action.event and f"`ticket.{action.event}`",
        )
        lines.append(f"| {verb} | {' | '.join(cells)} |")
    return "\n".join(lines)


def render_fields() -> str:
    """The surfaces of each field, and whether a confidential ticket hides it, as Markdown."""
    lines = [
        f"| field | {' | '.join(Surface)} | hidden if confidential |",
        f"|---|{'---|' * len(Surface)}---|",
    ]
    for field in FIELDS:
        cells = [surface in field.surfaces for surface in Surface] + [field.is_private]
        lines.append(f"| {field.name} | {' | '.join('yes' if cell else '' for cell in cells)} |")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("name", "render"),
    [("permissions", render_permissions), ("actions", render_actions), ("fields", render_fields)],
)
def test_page_shows_the_tables_of_the_code(name: str, render: Callable[[], str]) -> None:
    page = (ROOT / "docs/permissions.md").read_text(encoding="utf-8")
    table = re.search(f"<!-- {name}: begin -->\n(.*?)\n<!-- {name}: end -->", page, re.DOTALL)

    assert table
    assert table[1] == render()
