"""Property test: no surface shows a confidential ticket's content to a reader who may not see it.

Each text of the random tickets is a word that appears nowhere else, so a search of the rendered
surface finds it. `can` says who may see the ticket.
"""

from collections.abc import Iterator, Sequence
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.api.schemas import TicketOut
from bot.tickets import correction_form, details, ticket_form
from bot.web.email_links import OpenedLink, claim_refused_page, link_used_page, ticket_page
from jobs.outbox.emails import offer_email
from jobs.steps.deliver_webhooks import event_payload
from models.access.audit_entry import audit_diff
from models.access.jwt import Claims
from models.errors import Conflict
from models.messages.cards import SlackMessage, render_card, retired_card
from models.people.member import Member, Role
from models.tickets.actions import Verb
from models.tickets.card_list import needed_cards
from models.tickets.permissions import can
from models.tickets.refusals import conflict_text
from models.tickets.ticket import Card, CardKind, Draft, Event, IncidentReport, Status, Ticket
from models.triage.result import Engine, Priority
from models.triage.similarity import SolvedTicket
from models.triage.taxonomy import DEFAULT_TAXONOMY
from tests.sample_tickets import NOON, TEAM, make_member, make_triage

REQUESTER, ASSIGNEE, RESOLVER, WATCHER, REPORTER, FORMER, STRANGER = PEOPLE = (
    "UREQUESTER", "UASSIGNEE", "URESOLVER", "UWATCHER", "UREPORTER", "UFORMER", "USTRANGER",
)  # fmt: skip
NAMES = {slack_id: f"{slack_id[1:].title()}Name" for slack_id in PEOPLE}
TEXTS = (
    "ZebraTitle", "ZebraDescription", "ZebraCategory", "ZebraSecond", "ZebraSkill", "ZebraSummary",
    "ZebraNotes", "ZebraReason", "ZebraSolution", "ZebraWhy", "ZebraModel", "ZebraBuiltin",
    "ZebraSolved", "ZebraEarlier", "ZebraOriginal", "T-777", "T-888",
)  # fmt: skip
PRIORITY = Priority.URGENT


@st.composite
def tickets(
    draw: st.DrawFn, confidential: bool | None = None, statuses: Sequence[Status] = tuple(Status)
) -> Ticket:
    """A ticket with all its texts, in one of the statuses, and with any mix of people."""
    triage = make_triage(
        "ZebraSkill",
        category="ZebraCategory",
        second=draw(st.sampled_from(["", "ZebraSecond"])),
        priority=PRIORITY,
        summary="ZebraSummary",
        notes="ZebraNotes",
        engine=draw(st.sampled_from(Engine)),
        confidence=draw(st.sampled_from([0.1, 0.9])),
        model="ZebraModel",
        why_builtin="ZebraBuiltin",
    )
    similar = SolvedTicket(ticket_id="T-777", title="ZebraSolved", solution="ZebraEarlier")
    status = draw(st.sampled_from(statuses))
    is_triaged = status is not Status.NEW
    is_assigned = status in {Status.OFFERED, Status.CLAIMED, Status.RESOLVED}
    is_edited = is_triaged and draw(st.booleans())
    events = st.builds(
        Event,
        at=st.just(NOON),
        what=st.sampled_from(["opened", "declined", "reopened", "corrected"]),
        who=st.sampled_from(["", REQUESTER, ASSIGNEE, FORMER]),
        why=st.sampled_from(["", "ZebraWhy"]),
    )
    return Ticket(
        id="T-24",
        team_id=TEAM,
        key="view:V1",
        requester=REQUESTER,
        title="ZebraTitle",
        description="ZebraDescription",
        urgency=None,
        confidential=draw(st.booleans()) if confidential is None else confidential,
        status=status,
        state_version=3,
        triage=triage if is_triaged else None,
        original_triage=make_triage(category="ZebraOriginal") if is_edited else None,
        similar=(similar,) if draw(st.booleans()) else (),
        incident=draw(st.sampled_from(["", "T-888"])),
        reports=draw(
            st.sampled_from([(), (IncidentReport(ticket_id="T-888", by=REPORTER),)]),
        ),
        assignee=ASSIGNEE if is_assigned else None,
        reason="ZebraReason" if is_assigned else "",
        watchers=tuple(draw(st.sets(st.sampled_from([WATCHER, STRANGER])))),
        declined_by=(FORMER,),
        resolver=draw(st.sampled_from([RESOLVER, REQUESTER]))
        if status is Status.RESOLVED
        else None,
        solution="ZebraSolution" if status is Status.RESOLVED else "",
        opened_at=NOON,
        history=tuple(draw(st.lists(events, min_size=1, max_size=4))),
    )


@st.composite
def readers(draw: st.DrawFn) -> Member:
    """A member with any part, role and trust."""
    slack_id = draw(st.sampled_from(PEOPLE))
    # A member who is no moderator any more loses the tickets they had.
    staff = [Role.MODERATOR, Role.ADMIN]
    role = draw(st.sampled_from(staff if slack_id == ASSIGNEE else list(Role)))
    return make_member(slack_id, role, name=NAMES[slack_id], trusted=draw(st.booleans()))


def leaks(content: str, reader: str = "") -> set[str]:
    """The texts and the people of the ticket, other than the reader, in what a surface shows."""
    people = {word for one in PEOPLE if one != reader for word in (one, NAMES[one])}
    words = {*TEXTS, *people, PRIORITY.value, "Gemini", "built-in"}
    return {word for word in words if word in content}


def render_email(ticket: Ticket, reader: Member) -> str:
    """All parts of the e-mail that offers the ticket, with its headers."""
    email: EmailMessage = offer_email(
        ticket,
        notice="T-24.offer.1",
        recipient=reader.model_copy(update={"email": "reader@example.com"}),
        names_by_id=NAMES,
        sender="frontdesk@example.com",
        links={"Claim": "https://frontdesk.example/link/1"},
    )
    parts = [part.get_content() for part in email.walk() if part.get_content_maintype() == "text"]
    return "\n".join([*map(str, email.values()), *parts])


def render_link_pages(ticket: Ticket, reader: Member) -> str:
    """The pages behind the links of an e-mail: the ticket, a used link, and a refused claim."""
    claims = Claims(sub=reader.slack_id, team=TEAM, scope="view:T-24", iat=0, exp=1, jti="1")
    opened = OpenedLink(claims, Verb.VIEW, ticket, reader, NAMES)
    refusal = Conflict(conflict_text(ticket, viewer=reader.slack_id))
    pages = (ticket_page(opened), link_used_page(opened), claim_refused_page(opened, refusal))
    return "\n".join(bytes(page.body).decode() for page in pages)


def cards(ticket: Ticket, reader: str) -> Iterator[tuple[CardKind, SlackMessage]]:
    """All cards that the reader may have or have had, current and retired."""
    kinds = [CardKind.MODERATOR, CardKind.WATCHER]
    if reader == ticket.requester:
        kinds += [CardKind.REQUESTER, CardKind.RESOLVED]
    for kind in kinds:
        yield kind, render_card(ticket, kind, viewer=reader)
        card = Card(notice="n", kind=kind, to=reader, channel="D1", ts="1.0", version=1)
        yield kind, retired_card(ticket, card)


@pytest.mark.fault("F86")
@given(ticket=tickets(confidential=True), reader=readers())
def test_surfaces_that_leave_slack_show_no_confidential_content(
    ticket: Ticket, reader: Member
) -> None:
    for event in ticket.history:
        assert not leaks(event_payload(ticket, event, event_number=1).decode())
    before = ticket.model_copy(update={"status": Status.NEW, "watchers": (), "assignee": None})
    assert not leaks(str(audit_diff(before, ticket)))
    assert not leaks(str(audit_diff(None, ticket)))
    assert not leaks(render_email(ticket, reader), reader.slack_id)
    assert not leaks(render_link_pages(ticket, reader), reader.slack_id)


@pytest.mark.fault("F86")
@given(ticket=tickets(confidential=True), reader=readers())
def test_cards_show_confidential_content_to_its_people_alone(
    ticket: Ticket, reader: Member
) -> None:
    for kind, card in cards(ticket, reader.slack_id):
        assert not leaks(card.text)
        is_watcher = kind is CardKind.WATCHER
        if is_watcher or not can(Verb.VIEW, reader, ticket):
            assert not leaks(str(card.blocks), reader.slack_id)


@given(ticket=tickets(), reader=readers())
def test_readers_of_modals_and_the_api_have_passed_the_access_policy(
    ticket: Ticket, reader: Member
) -> None:
    """They show the content to each reader for whom `can` allows it, whatever their part is."""
    if can(Verb.VIEW, reader, ticket):
        shown = TicketOut.from_ticket(ticket).model_dump_json()
        assert {"ZebraTitle", "ZebraDescription", REQUESTER} <= leaks(shown)
        assert "ZebraNotes" not in shown
    if can(Verb.DETAILS, reader, ticket):
        assert ("ZebraSkill" in str(details.render(ticket))) == bool(ticket.triage)
    if can(Verb.CORRECT, reader, ticket) and ticket.triage:
        assert "ZebraCategory" in str(correction_form.render(ticket, DEFAULT_TAXONOMY))
    if reader.slack_id != ticket.requester:
        draft = Draft(key="view:V1", team_id=TEAM, requester=reader.slack_id, title="Mine")
        receipt = str(ticket_form.render_receipt(ticket, draft))
        assert not (ticket.confidential and leaks(receipt, reader.slack_id))


@given(ticket=tickets(confidential=False, statuses=(Status.OFFERED,)))
def test_surfaces_show_the_content_of_other_tickets(ticket: Ticket) -> None:
    """The searches above would find the content: they do in a ticket that is not confidential."""
    reader = make_member(ASSIGNEE, Role.MODERATOR, name=NAMES[ASSIGNEE])
    card = render_card(ticket, CardKind.MODERATOR, viewer=ASSIGNEE)
    content = {"ZebraTitle", "ZebraCategory", PRIORITY.value}

    assert (CardKind.MODERATOR, ASSIGNEE) in needed_cards(ticket)
    assert content | {"ZebraDescription", "ZebraNotes"} <= leaks(str(card.blocks))
    assert {"ZebraTitle", REQUESTER} <= leaks(card.text)
    assert content | {NAMES[REQUESTER], "ZebraReason"} <= leaks(render_email(ticket, reader))
    assert content | {NAMES[REQUESTER], "ZebraReason"} <= leaks(render_link_pages(ticket, reader))
    payload = event_payload(ticket, ticket.history[0], event_number=1).decode()
    assert content | {REQUESTER, ASSIGNEE, "ZebraSkill"} <= leaks(payload)
    assert {"ZebraCategory", ASSIGNEE} <= leaks(str(audit_diff(None, ticket)))
