"""Incidents: several people, the same within an hour, one answer for all of them."""

from datetime import timedelta

import pytest

from models.errors import Conflict
from models.messages.buttons import Button
from models.messages.cards import render_card
from models.tickets import workflow
from models.tickets.incident import (
    SimilarOpenTicket,
    add_reports,
    choose_incident,
    reporter_count,
    resolve_with_incident,
    with_incident,
)
from models.tickets.pending_step import Step
from models.tickets.ticket import CardKind, IncidentReport, Status, Ticket
from models.tickets.workflow import Move
from tests.sample_tickets import BOB, NOON, ticket_in_status

LATER = NOON + timedelta(hours=1)


def sighting(number: int, by: str, incident: str = "") -> SimilarOpenTicket:
    """A ticket that is like the one in question."""
    return SimilarOpenTicket(
        IncidentReport(ticket_id=f"T-{number}", by=by), ticket_number=number, incident=incident
    )


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
    seen: list[SimilarOpenTicket], incident: str
) -> None:
    assert choose_incident("UADA", seen) == incident


def first(status: Status) -> Ticket:
    """Ada's ticket, which Eva and Ida report, too."""
    others = [
        IncidentReport(ticket_id="T-2", by="UEVA"),
        IncidentReport(ticket_id="T-3", by="UIDA"),
    ]
    return add_reports(others)(ticket_in_status(status), LATER)


def test_the_first_ticket_knows_who_else_reports_it_each_once() -> None:
    ticket = first(Status.OFFERED)
    again = add_reports(
        [IncidentReport(ticket_id="T-2", by="UEVA"), IncidentReport(ticket_id="T-1", by="UADA")]
    )

    assert reporter_count(ticket) == 3
    assert ticket.find_step(Step.REFRESH_CARDS)
    assert ticket.version == ticket_in_status(Status.OFFERED).version
    assert again(ticket, LATER) == ticket
    with pytest.raises(Conflict):
        add_reports([])(ticket_in_status(Status.RESOLVED), LATER)


def test_who_has_the_first_ticket_finds_how_to_answer_all() -> None:
    card = render_card(first(Status.CLAIMED), CardKind.MODERATOR, viewer="UBOB")
    alone = render_card(ticket_in_status(Status.CLAIMED), CardKind.MODERATOR, viewer="UBOB")

    assert "3 people report this*, also in T-2, T-3." in str(card.blocks)
    assert Button.ANSWER_ALL in str(card.blocks)
    assert Button.ANSWER_ALL not in str(alone.blocks)


def test_an_answer_to_all_resolves_what_belongs_to_it_but_not_ones_own() -> None:
    resolved = workflow.transition(
        first(Status.CLAIMED), Move.RESOLVE, actor=BOB, now=LATER, solution="Back up."
    )
    stranger = ticket_in_status(Status.OFFERED, id="T-2").model_copy(update={"requester": "UEVA"})
    other = with_incident("T-1")(stranger, LATER)

    after = resolve_with_incident(resolved)(other, LATER)

    assert (after.status, after.resolver, after.solution) == (Status.RESOLVED, "UBOB", "Back up.")
    assert after.find_step(Step.ASK_REQUESTER)
    assert after.history[-1].why == "<@UBOB> answered T-1"
    own = other.model_copy(update={"requester": "UBOB"})
    for one in (stranger, own, after):
        with pytest.raises(Conflict):
            resolve_with_incident(resolved)(one, LATER)
