"""A ticket as one surface may show it to one person: the only way to a ticket's fields for people.

A confidential ticket hides its private fields where others may read along: outside Slack, on lock
screens, and on cards of people who have no part in it.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter

from models.text import join_names
from models.tickets.field import Kind, Surface, TicketField
from models.tickets.fields import ASSIGNEE, FIELDS, RESOLVER
from models.tickets.ticket import Ticket

T = TypeVar("T")
_JSON = TypeAdapter[Any](Any)
# Code behind these asks `models.tickets.permissions` before it reads the ticket.
_AFTER_ACCESS_CHECK = frozenset({Surface.API, Surface.DETAILS, Surface.FORM})


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How a surface writes people, times and other texts."""

    person: Callable[[str], str]
    time: Callable[[datetime], str]
    text: Callable[[str], str] = str

    def write(self, field: TicketField[Any], value: Any) -> str:
        """The value of the field as one line, or as the text that it is."""
        if isinstance(value, datetime):
            return self.time(value)
        values = value if isinstance(value, tuple) else (value,)
        if field.kind is Kind.PERSON:
            return join_names(tuple(map(self.person, values)))
        return self.text(join_names(tuple(map(str, values))))


@dataclass(frozen=True, slots=True)
class VisibleTicket:
    """The fields of a ticket that one surface may show to one person.

    Attributes:
        hides_fields: whether private fields are hidden.
    """

    _ticket: Ticket
    _surface: Surface
    hides_fields: bool

    def get(self, field: TicketField[T]) -> T | None:
        """The value; None if the field is hidden or not for this surface."""
        return field.value(self._ticket) if self._may_show(field) else None

    @property
    def people(self) -> set[str]:
        """The Slack ids of the people that it shows."""
        values = [self.get(field) for field in FIELDS if field.kind is Kind.PERSON]
        values += [self.get(ASSIGNEE), self.get(RESOLVER)]
        lists = [value if isinstance(value, tuple) else (value,) for value in values]
        return {str(person) for people in lists for person in people if person}

    def values(self) -> dict[str, Any]:
        """All values by name, for programs."""
        return {field.name: field.value(self._ticket) for field in FIELDS if self._may_show(field)}

    def json_values(self) -> dict[str, Any]:
        """All values by name, as JSON has them."""
        return {
            name: value.isoformat()
            if isinstance(value, datetime)
            else _JSON.dump_python(value, mode="json")
            for name, value in self.values().items()
        }

    def facts(
        self, *, without: Collection[TicketField[Any]] = ()
    ) -> Iterator[tuple[TicketField[Any], Any]]:
        """The short fields that are not empty, with their values, in the table's order."""
        return self._filled_fields({Kind.FACT, Kind.PERSON}, without)

    def texts(
        self, *, without: Collection[TicketField[Any]] = ()
    ) -> Iterator[tuple[TicketField[Any], str]]:
        """The long texts that are not empty, in the table's order."""
        return self._filled_fields({Kind.TEXT}, without)

    def fact_lines(
        self, style: TextStyle, *, without: Collection[TicketField[Any]] = ()
    ) -> dict[str, str]:
        """The facts as text, by label."""
        return {
            field.label: style.write(field, value) for field, value in self.facts(without=without)
        }

    def _filled_fields(
        self, kinds: Collection[Kind], without: Collection[TicketField[Any]]
    ) -> Iterator[tuple[TicketField[Any], Any]]:
        for field in FIELDS:
            if field.kind in kinds and field not in without:
                value = self.get(field)
                if value not in (None, "", ()):
                    yield field, value

    def _may_show(self, field: TicketField[Any]) -> bool:
        return self._surface in field.surfaces and not (self.hides_fields and field.is_private)


def visible_ticket(ticket: Ticket, surface: Surface, *, viewer: str = "") -> VisibleTicket:
    """The ticket as this surface may show it.

    Args:
        viewer: Slack id of the reader, for cards.
    """
    hides_fields = ticket.confidential and not _may_see_private_fields(ticket, surface, viewer)
    return VisibleTicket(ticket, surface, hides_fields)


def _may_see_private_fields(ticket: Ticket, surface: Surface, viewer: str) -> bool:
    match surface:
        case Surface.REQUESTER_CARD:
            return viewer == ticket.requester
        case Surface.MODERATOR_CARD:
            return viewer == ticket.assignee
        case _:
            return surface in _AFTER_ACCESS_CHECK
