"""Incidents: several people, the same within an hour, one answer for all of them."""

from datetime import timedelta

import pytest

from models import flow
from models.cards import Button, draw
from models.errors import OutOfTurn
from models.flow import Move
from models.incident import Sighting, answered, incident_of, joining, people_in, reported
from models.step import Step
from models.ticket import CardKind, Report, Status, Ticket
from tests.models.desk_words import BOB, NOON, ticket_at

LATER = NOON + timedelta(hours=1)


def sighting(number: int, by: str, incident: str = "") -> Sighting:
    """A ticket that is like the one in question."""
    return Sighting(Report(ticket_id=f"T-{number}", by=by), number=number, incident=incident)


@pytest.mark.parametrize(
    ("seen", "incident"),
    [
        ([], ""),
        ([sighting(1, "UADA")], ""),
        ([sighting(2, "UADA"), sighting(1, "UADA")], ""),
        ([sighting(2, "UEVA"), sighting(1, "UIDA")], "T-1"),
        ([sighting(2, "UADA"), sighting(1, "UEVA")], ""),
        ([sighting(4, "UADA", "T-3")], "T-3"),
    ],
)
def test_three_people_make_an_incident_and_who_comes_later_belongs_to_it(
    seen: list[Sighting], incident: str
) -> None:
    assert incident_of("UADA", seen) == incident


def first(status: Status) -> Ticket:
    """Ada's ticket, which Eva and Ida report, too."""
    others = [Report(ticket_id="T-2", by="UEVA"), Report(ticket_id="T-3", by="UIDA")]
    return reported(others)(ticket_at(status), LATER)


def test_the_first_ticket_knows_who_else_reports_it_each_once() -> None:
    ticket = first(Status.OFFERED)
    again = reported([Report(ticket_id="T-2", by="UEVA"), Report(ticket_id="T-1", by="UADA")])

    assert people_in(ticket) == 3
    assert ticket.step(Step.REFRESH_CARDS)
    assert ticket.version == ticket_at(Status.OFFERED).version
    assert again(ticket, LATER) == ticket
    with pytest.raises(OutOfTurn):
        reported([])(ticket_at(Status.RESOLVED), LATER)


def test_who_has_the_first_ticket_finds_how_to_answer_all() -> None:
    card = draw(first(Status.CLAIMED), CardKind.MODERATOR, to="UBOB")
    alone = draw(ticket_at(Status.CLAIMED), CardKind.MODERATOR, to="UBOB")

    assert "3 people report this*, also in T-2, T-3." in str(card.blocks)
    assert Button.ANSWER_ALL in str(card.blocks)
    assert Button.ANSWER_ALL not in str(alone.blocks)


def test_an_answer_to_all_resolves_what_belongs_to_it_but_not_ones_own() -> None:
    resolved = flow.make(
        first(Status.CLAIMED), Move.RESOLVE, by=BOB, now=LATER, solution="Back up."
    )
    stranger = ticket_at(Status.OFFERED, id="T-2").model_copy(update={"requester": "UEVA"})
    other = joining("T-1")(stranger, LATER)

    after = answered(resolved)(other, LATER)

    assert (after.status, after.resolver, after.solution) == (Status.RESOLVED, "UBOB", "Back up.")
    assert after.step(Step.ASK_REQUESTER)
    assert after.history[-1].why == "<@UBOB> answered T-1"
    own = other.model_copy(update={"requester": "UBOB"})
    for one in (stranger, own, after):
        with pytest.raises(OutOfTurn):
            answered(resolved)(one, LATER)
