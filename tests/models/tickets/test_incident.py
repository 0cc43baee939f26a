"""Incidents: similar tickets of several people within an hour, resolved with one answer."""

from datetime import timedelta

import pytest

from models.errors import Conflict
from models.messages.cards import render_card
from models.tickets import workflow
from models.tickets.actions import Button, Verb
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
from tests.sample_tickets import BOB, NOON, ticket_in_status

LATER = NOON + timedelta(hours=1)


def similar_ticket(number: int, requester: str, incident: str = "") -> SimilarOpenTicket:
    report = IncidentReport(ticket_id=f"T-{number}", by=requester)
    return SimilarOpenTicket(report, ticket_number=number, incident=incident)


@pytest.mark.parametrize(
    ("similar_tickets", "incident"),
    [
        ([], ""),
        ([similar_ticket(1, "UADA")], ""),
        ([similar_ticket(2, "UADA"), similar_ticket(1, "UADA")], ""),
        ([similar_ticket(2, "UEVA"), similar_ticket(1, "UIDA")], "T-1"),
        ([similar_ticket(2, "UADA"), similar_ticket(1, "UEVA")], ""),
        ([similar_ticket(4, "UADA", "T-3")], "T-3"),
    ],
)
def test_three_people_make_an_incident_and_later_tickets_join_it(
    similar_tickets: list[SimilarOpenTicket], incident: str
) -> None:
    assert choose_incident("UADA", similar_tickets) == incident


def first_ticket(status: Status) -> Ticket:
    """Ada's ticket, the first of an incident that Eva and Ida report, too."""
    others = [
        IncidentReport(ticket_id="T-2", by="UEVA"),
        IncidentReport(ticket_id="T-3", by="UIDA"),
    ]
    return add_reports(others)(ticket_in_status(status), LATER)


def test_first_ticket_has_each_report_once() -> None:
    ticket = first_ticket(Status.OFFERED)
    add_known_reports = add_reports(
        [IncidentReport(ticket_id="T-2", by="UEVA"), IncidentReport(ticket_id="T-1", by="UADA")]
    )

    assert reporter_count(ticket) == 3
    assert ticket.find_step(Step.REFRESH_CARDS)
    assert ticket.state_version == ticket_in_status(Status.OFFERED).state_version
    assert add_known_reports(ticket, LATER) == ticket
    with pytest.raises(Conflict):
        add_reports([])(ticket_in_status(Status.RESOLVED), LATER)


def test_assignee_of_the_first_ticket_can_resolve_all() -> None:
    card = render_card(first_ticket(Status.CLAIMED), CardKind.MODERATOR, viewer="UBOB")
    single_card = render_card(ticket_in_status(Status.CLAIMED), CardKind.MODERATOR, viewer="UBOB")

    assert "3 people report this*, also in T-2, T-3." in str(card.blocks)
    assert Button.ANSWER_ALL in str(card.blocks)
    assert Button.ANSWER_ALL not in str(single_card.blocks)


def test_resolve_all_skips_other_tickets_and_those_of_the_resolver() -> None:
    resolved = workflow.transition(
        first_ticket(Status.CLAIMED), Verb.RESOLVE, actor=BOB, now=LATER, solution="Back up."
    )
    unrelated = ticket_in_status(Status.OFFERED, id="T-2").model_copy(update={"requester": "UEVA"})
    related = with_incident("T-1")(unrelated, LATER)

    after = resolve_with_incident(resolved)(related, LATER)

    assert (after.status, after.resolver, after.solution) == (Status.RESOLVED, "UBOB", "Back up.")
    assert after.find_step(Step.ASK_REQUESTER)
    assert after.history[-1].why == "<@UBOB> resolved T-1"
    own = related.model_copy(update={"requester": "UBOB"})
    for ticket in (unrelated, own, after):
        with pytest.raises(Conflict):
            resolve_with_incident(resolved)(ticket, LATER)
