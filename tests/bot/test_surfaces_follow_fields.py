"""Each surface shows the fields that the table names for it, and depends on nothing else.

One fact of a ticket is changed at a time. A surface must look different if a field that it may show
has changed, and must look the same if none has. So a text that bypasses the table is found, as is a
row that a surface forgets.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from bot.api.schemas import TicketOut
from bot.tickets import correction_form, details, resolve_with_note, ticket_form
from bot.web.email_links import OpenedLink, link_used_page, ticket_page
from jobs.outbox.emails import offer_email
from jobs.steps.deliver_webhooks import event_payload
from models.access.audit_entry import audit_diff
from models.access.jwt import Claims
from models.messages.cards import render_card
from models.tickets.actions import Verb
from models.tickets.correction import Correction
from models.tickets.field import Surface
from models.tickets.fields import FIELDS
from models.tickets.ticket import CardKind, Draft, Event, IncidentReport, Status, Ticket
from models.tickets.visible_ticket import visible_ticket
from models.triage.result import Engine, Priority
from models.triage.similarity import SolvedTicket
from models.triage.taxonomy import DEFAULT_TAXONOMY
from tests.sample_tickets import ADA, BOB, NOON, make_triage, ticket_in_status

WATCHER = "UWATCHER"
READER = BOB.model_copy(update={"email": "bob@example.com"})
STATUSES = (Status.OFFERED, Status.CLAIMED, Status.RESOLVED)


def make_ticket(status: Status, *, confidential: bool) -> Ticket:
    """Ada's ticket, Bob's to solve, with a value in each field."""
    ticket = ticket_in_status(status, confidential=confidential)
    triage = make_triage(
        "vpn",
        second="Access",
        notes="Ask about the token",
        engine=Engine.BUILTIN,
        model="model-1",
        prompt="1",
        ms=5,
        tokens=7,
        why_builtin="no key",
    )
    return ticket.model_copy(
        update={
            "triage": triage,
            "similar": (SolvedTicket(ticket_id="T-5", title="Old", solution="Restart"),),
            "incident": "T-1",
            "reports": (IncidentReport(ticket_id="T-7", by="UREPORTER"),),
            "watchers": (WATCHER,),
            "resolver": BOB.slack_id if status is Status.RESOLVED else None,
            "solution": "Sign in again",
            "history": (*ticket.history, Event(at=NOON, what="reopened", who="UEARLIER")),
        }
    )


def change(**changes: Any) -> Callable[[Ticket], Ticket]:
    return lambda ticket: ticket.model_copy(update=changes)


def change_triage(**changes: Any) -> Callable[[Ticket], Ticket]:
    def apply(ticket: Ticket) -> Ticket:
        assert ticket.triage
        return ticket.model_copy(update={"triage": ticket.triage.model_copy(update=changes)})

    return apply


CHANGES: Mapping[str, Callable[[Ticket], Ticket]] = {
    "title": change(title="Other title"),
    "description": change(description="other words"),
    "urgency": change(urgency="blocked"),
    "requester": change(requester="UOTHER"),
    "resolver": lambda ticket: ticket.model_copy(
        update={"resolver": ticket.resolver and "USOLVER"}
    ),
    "reason": change(reason="other reason"),
    "solution": change(solution="Other solution"),
    "watchers": change(watchers=(WATCHER, "UOTHER")),
    "similar": change(similar=()),
    "incident": change(incident=""),
    "reports": change(reports=()),
    "opened_at": change(opened_at=NOON.replace(year=2020)),
    "history": lambda ticket: ticket.model_copy(
        update={"history": (*ticket.history, Event(at=NOON, what="reopened", who="ULATER"))}
    ),
    "category": change_triage(category="Hardware"),
    "second": change_triage(second="Hardware"),
    "priority": change_triage(priority=Priority.URGENT),
    "skills": change_triage(skills=("okta",)),
    "summary": change_triage(summary="Other summary"),
    "notes": change_triage(notes="Other notes"),
    "engine": change_triage(engine=Engine.GEMINI),
    "confidence": change_triage(confidence=0.3),
    "model": change_triage(model="model-2"),
    "prompt": change_triage(prompt="2"),
    "response_time": change_triage(ms=6),
    "tokens": change_triage(tokens=8),
    "why_builtin": change_triage(why_builtin="no answer"),
}


def render_cards(ticket: Ticket, viewer: str, *kinds: CardKind) -> str:
    return str([render_card(ticket, kind, viewer=viewer).blocks for kind in kinds])


def render_notifications(ticket: Ticket) -> str:
    readers = {
        CardKind.REQUESTER: ticket.requester,
        CardKind.RESOLVED: ticket.requester,
        CardKind.MODERATOR: BOB.slack_id,
        CardKind.WATCHER: WATCHER,
    }
    return str([render_card(ticket, kind, viewer=one).text for kind, one in readers.items()])


def render_forms(ticket: Ticket) -> str:
    draft = Draft(key="view:V1", team_id=ticket.team_id, requester=ticket.requester, title="Same")
    forms = (
        correction_form.render(ticket, DEFAULT_TAXONOMY),
        correction_form.render(ticket, DEFAULT_TAXONOMY, correction=Correction()),
        ticket_form.render_receipt(ticket, draft),
        resolve_with_note.render(ticket),
    )
    return str(forms)


def render_email(ticket: Ticket) -> str:
    names = {slack_id: f"Name of {slack_id}" for slack_id in people(ticket, Surface.EMAIL)}
    email = offer_email(
        ticket,
        notice="T-1.offer.1",
        recipient=READER,
        names_by_id=names,
        sender="frontdesk@example.com",
        links={},
    )
    parts = [part.get_content() for part in email.walk() if part.get_content_maintype() == "text"]
    return "\n".join([email["Subject"], *map(str, parts)])


def render_link_pages(ticket: Ticket) -> str:
    claims = Claims(sub=BOB.slack_id, team=BOB.team_id, scope="view:T-1", iat=0, exp=1, jti="1")
    names = {slack_id: f"Name of {slack_id}" for slack_id in people(ticket, Surface.LINK_PAGE)}
    opened = OpenedLink(claims, Verb.VIEW, ticket, READER, names)
    pages = (ticket_page(opened), link_used_page(opened))
    return "\n".join(bytes(page.body).decode() for page in pages)


def people(ticket: Ticket, surface: Surface) -> set[str]:
    return visible_ticket(ticket, surface, viewer=BOB.slack_id).people


RENDERERS: Mapping[Surface, Callable[[Ticket], str]] = {
    Surface.REQUESTER_CARD: lambda ticket: render_cards(
        ticket, ticket.requester, CardKind.REQUESTER, CardKind.RESOLVED
    ),
    Surface.MODERATOR_CARD: lambda ticket: render_cards(ticket, BOB.slack_id, CardKind.MODERATOR),
    Surface.WATCHER_CARD: lambda ticket: render_cards(ticket, WATCHER, CardKind.WATCHER),
    Surface.NOTIFICATION: render_notifications,
    Surface.DETAILS: lambda ticket: str(details.render(ticket)),
    Surface.FORM: render_forms,
    Surface.EMAIL: render_email,
    Surface.LINK_PAGE: render_link_pages,
    Surface.WEBHOOK: lambda ticket: event_payload(
        ticket, ticket.history[0], event_number=1
    ).decode(),
    Surface.API: lambda ticket: TicketOut.from_ticket(ticket).model_dump_json(),
    Surface.AUDIT_LOG: lambda ticket: str(audit_diff(None, ticket)),
}


def visible_values(ticket: Ticket, surface: Surface) -> dict[str, Any]:
    is_requesters = surface is Surface.REQUESTER_CARD
    viewer = ticket.requester if is_requesters else BOB.slack_id
    return visible_ticket(ticket, surface, viewer=viewer).values()


@pytest.mark.parametrize("confidential", [False, True])
@pytest.mark.parametrize("changed", CHANGES)
def test_surface_depends_on_the_fields_that_it_may_show(
    changed: str, *, confidential: bool
) -> None:
    hidden, forgotten = [], []
    for surface, render in RENDERERS.items():
        is_visible = is_different = False
        for status in STATUSES:
            before = make_ticket(status, confidential=confidential)
            after = CHANGES[changed](before)
            values_differ = visible_values(before, surface) != visible_values(after, surface)
            looks_different = render(before) != render(after)
            if looks_different and not values_differ:
                hidden.append((surface, status))
            is_visible |= values_differ
            is_different |= looks_different
        if is_visible and not is_different:
            forgotten.append(surface)

    assert (hidden, forgotten) == ([], [])


def test_confidential_ticket_has_few_public_fields() -> None:
    public = {"id", "status", "confidential", "version"}
    ticket = make_ticket(Status.OFFERED, confidential=True)

    assert {field.name for field in FIELDS if not field.is_private} == public
    for surface in set(Surface) - {Surface.DETAILS, Surface.FORM, Surface.API}:
        visible = visible_ticket(ticket, surface, viewer="USTRANGER")
        assert set(visible.values()) <= public
        assert visible.people == set()


@pytest.mark.parametrize(
    ("surface", "people"),
    [
        (Surface.EMAIL, {ADA.slack_id}),
        (Surface.LINK_PAGE, {ADA.slack_id, BOB.slack_id}),
        (Surface.API, {ADA.slack_id, BOB.slack_id, WATCHER}),
    ],
)
def test_names_are_needed_of_the_people_that_a_surface_shows(
    surface: Surface, people: set[str]
) -> None:
    ticket = make_ticket(Status.OFFERED, confidential=False)

    assert visible_ticket(ticket, surface, viewer=BOB.slack_id).people == people


def test_each_field_is_changed() -> None:
    before = make_ticket(Status.RESOLVED, confidential=False)
    changed = {
        field.name
        for field in FIELDS
        for apply in CHANGES.values()
        if field.value(before) != field.value(apply(before))
    }

    # Other tests change these; buttons and the status of every surface depend on them.
    assert {field.name for field in FIELDS} - changed == {
        *("id", "status", "version", "confidential", "assignee"),
    }


def test_each_surface_is_rendered() -> None:
    assert set(RENDERERS) == set(Surface)
