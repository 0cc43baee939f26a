"""Cards: their texts and buttons for each reader, and Slack's limits with the worst texts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.messages.buttons import ButtonValue
from models.messages.cards import SlackMessage, render_card
from models.tickets import workflow
from models.tickets.actions import Button, Verb
from models.tickets.correction import Correction, apply_correction
from models.tickets.ticket import CardKind, IncidentReport, Status, Ticket
from models.triage.result import Engine, Priority
from models.triage.similarity import SolvedTicket
from sandbox.slack.blockkit import check_message
from tests.sample_tickets import ADA, BOB, NOON, make_triage, ticket_in_status

KINDS = [(CardKind.REQUESTER, ADA), (CardKind.MODERATOR, BOB), (CardKind.RESOLVED, ADA)]
HOSTILE = "&<>\"'`*_~ <!channel> <@U1> :fire: 🔥👩‍💻 "


def buttons(message: SlackMessage) -> set[str]:
    """The action ids of the buttons on a message."""
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    return {element["action_id"] for row in rows for element in row}


def mrkdwn_texts(value: Any) -> list[str]:
    """Every text that Slack parses for mentions, links and formatting."""
    if isinstance(value, list):
        return [text for entry in value for text in mrkdwn_texts(entry)]
    if not isinstance(value, dict):
        return []
    own = [value["text"]] if value.get("type") == "mrkdwn" else []
    return own + [text for entry in value.values() for text in mrkdwn_texts(entry)]


def blocks_text(ticket: Ticket, viewer: str, kind: CardKind = CardKind.MODERATOR) -> str:
    """The blocks of a card as one string to search in."""
    return str(render_card(ticket, kind, viewer=viewer).blocks)


def worst_ticket(status: Status) -> Ticket:
    """A ticket whose texts are all as long and as hostile as the limits allow."""
    ticket = ticket_in_status(status)
    triage = make_triage(
        *[f"{HOSTILE}{n}"[:50] for n in range(8)],
        category=(HOSTILE * 3)[:75],
        priority=Priority.URGENT,
        summary=(HOSTILE * 20)[:150],
        notes=(HOSTILE * 90)[:1500],
        engine=Engine.BUILTIN,
        confidence=0,
        second=(HOSTILE * 3)[1:76],
        model=(HOSTILE * 3)[:75],
        prompt=(HOSTILE * 3)[:75],
        why_builtin=(HOSTILE * 9)[:200],
    )
    solved = SolvedTicket(
        ticket_id="T-123456789", title=(HOSTILE * 9)[:150], solution=(HOSTILE * 90)[:1000]
    )
    return ticket.model_copy(
        update={
            "title": (HOSTILE * 9)[:150],
            "description": (HOSTILE * 200)[:3000],
            "confidential": True,
            "reason": f"knows {(HOSTILE * 20)[:400]}; 9999 open tickets",
            "triage": ticket.triage and triage,
            "similar": (solved, solved, solved),
            "solution": (HOSTILE * 90)[:1000],
        }
    )


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize(("kind", "reader"), KINDS)
def test_slack_accepts_every_card_with_the_worst_texts(
    status: Status, kind: CardKind, reader: Any
) -> None:
    message = render_card(worst_ticket(status), kind, viewer=reader.slack_id)

    assert check_message(message.blocks) == []
    assert 0 < len(message.text) < 4000


@pytest.mark.fault("F18")
@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize(("kind", "reader"), KINDS)
def test_slack_parses_no_typed_text(status: Status, kind: CardKind, reader: Any) -> None:
    message = render_card(worst_ticket(status), kind, viewer=reader.slack_id)

    for text in [message.text, *mrkdwn_texts(message.blocks)]:
        assert "<!channel>" not in text
        assert "<@U1>" not in text


@pytest.mark.parametrize(
    ("status", "reader", "expected"),
    [
        (Status.OFFERED, BOB, {Button.CLAIM, Button.DECLINE, Button.CORRECT, Button.DETAILS}),
        (
            Status.CLAIMED,
            BOB,
            {
                Button.RESOLVE,
                Button.RESOLVE_WITH_NOTE,
                Button.RELEASE,
                Button.CORRECT,
                Button.DETAILS,
            },
        ),
        (Status.RESOLVED, BOB, {Button.REOPEN, Button.CORRECT, Button.DETAILS}),
    ],
)
def test_moderator_has_the_buttons_of_their_part(
    status: Status, reader: Any, expected: set[Button]
) -> None:
    card = render_card(ticket_in_status(status), CardKind.MODERATOR, viewer=reader.slack_id)

    assert buttons(card) == expected
    assert card.blocks[-1]["elements"][-1]["action_id"] == Button.DETAILS


@pytest.mark.parametrize("status", Status)
def test_person_without_a_part_has_no_buttons(status: Status) -> None:
    ticket = ticket_in_status(status)

    for kind in (CardKind.MODERATOR, CardKind.WATCHER):
        assert buttons(render_card(ticket, kind, viewer="UEVE")) == set()


@pytest.mark.parametrize("status", Status)
def test_requester_and_watcher_have_no_details_button(status: Status) -> None:
    ticket = ticket_in_status(status, watchers=("UEVE",))

    for kind, viewer in (
        (CardKind.REQUESTER, "UADA"),
        (CardKind.RESOLVED, "UADA"),
        (CardKind.WATCHER, "UEVE"),
    ):
        assert Button.DETAILS not in buttons(render_card(ticket, kind, viewer=viewer))


def test_moderator_card_begins_with_title_status_and_facts() -> None:
    ticket = ticket_in_status(Status.OFFERED, confidential=True)

    title, status, facts, *_ = render_card(ticket, CardKind.MODERATOR, viewer="UBOB").blocks

    [paragraph] = title["elements"]
    shown = [element.get("text") or element["name"] for element in paragraph["elements"]]
    assert shown == ["T-1 · confidential  ", "VPN is down", "  ", "large_blue_circle", " normal"]
    assert status["text"]["text"].startswith("*Offered to you.")
    [line] = facts["elements"]
    assert line["text"].startswith("<@UADA> · opened <!date^")
    assert line["text"].endswith(" · Network")


def test_moderator_card_leaves_the_facts_of_the_engine_to_details() -> None:
    triage = make_triage("vpn", engine=Engine.GEMINI, model="gemini-9", prompt="3", ms=812)
    ticket = ticket_in_status(Status.CLAIMED).model_copy(update={"triage": triage})

    assert not [
        fact
        for fact in ("Gemini", "gemini-9", "812", "50%", "Skills")
        if fact in blocks_text(ticket, "UBOB")
    ]


def test_only_the_assignee_sees_the_reason() -> None:
    ticket = ticket_in_status(Status.OFFERED)

    assert "Sent to you: knows vpn" in blocks_text(ticket, "UBOB")
    assert "Sent to you" not in blocks_text(ticket, "UEVE")


def test_requester_does_not_see_the_notes() -> None:
    triage = make_triage("vpn", notes="Ask about the token")
    ticket = ticket_in_status(Status.OFFERED).model_copy(update={"triage": triage})

    assert "Ask about" in blocks_text(ticket, "UBOB")
    assert "Ask about" not in blocks_text(ticket, "UADA", CardKind.REQUESTER)


def test_button_value_names_ticket_and_version() -> None:
    ticket = ticket_in_status(Status.OFFERED)
    blocks = render_card(ticket, CardKind.MODERATOR, viewer="UBOB").blocks
    [row] = [block for block in blocks if block["type"] == "actions"]

    assert ButtonValue.parse(row["elements"][0]["value"]) == ButtonValue(
        ticket.id, ticket.state_version
    )


@given(st.text())
def test_any_button_value_can_be_parsed(value: str) -> None:
    parsed = ButtonValue.parse(value)

    assert parsed.ticket_id == "" or value.startswith(parsed.ticket_id)


def test_handed_back_confidential_ticket_is_hidden() -> None:
    ticket = ticket_in_status(
        Status.OFFERED, confidential=True, title="Harassment", description="by X"
    )
    declined = ticket.model_copy(update={"assignee": "UEVE"})

    card = render_card(declined, CardKind.MODERATOR, viewer="UBOB")

    assert "Harassment" not in f"{card.text} {card.blocks}"
    assert "by X" not in str(card.blocks)
    assert buttons(card) == set()
    assert "Harassment" in blocks_text(ticket, "UBOB")


def test_requester_reads_who_reopened_the_ticket() -> None:
    resolved = ticket_in_status(Status.RESOLVED)
    by_bob = workflow.transition(resolved, Verb.REOPEN, actor=BOB, now=NOON)
    by_ada = workflow.transition(resolved, Verb.REOPEN, actor=ADA, now=NOON)

    assert "<@UBOB> reopened T-1" in render_card(by_bob, CardKind.RESOLVED, viewer="UADA").text
    assert "You reopened T-1" in render_card(by_ada, CardKind.RESOLVED, viewer="UADA").text


def unsure_ticket(status: Status, **fields: Any) -> Ticket:
    """A ticket whose engine is not sure of the category."""
    fields = {"confidence": 0.54, "second": "Access", **fields}
    return ticket_in_status(status).model_copy(update={"triage": make_triage("vpn", **fields)})


def test_unsure_card_offers_the_two_likeliest_categories() -> None:
    card = render_card(unsure_ticket(Status.OFFERED), CardKind.MODERATOR, viewer="UBOB")

    assert "*Not sure: Network or Access?*" in str(card.blocks)
    [row] = [block for block in card.blocks if block.get("block_id") == "likeliest"]
    assert [button["text"]["text"] for button in row["elements"]] == ["Network", "Access"]
    assert buttons(card) >= {Button.CHOOSE_LIKELIEST, Button.CHOOSE_SECOND, Button.CLAIM}


@pytest.mark.parametrize(
    "decided",
    [
        unsure_ticket(Status.OFFERED, confidence=0.55),
        unsure_ticket(Status.RESOLVED),
        apply_correction(Correction(), actor=BOB, seen_version=None)(
            unsure_ticket(Status.OFFERED), NOON
        ),
    ],
    ids=["sure", "resolved", "confirmed"],
)
def test_decided_category_is_not_asked(decided: Ticket) -> None:
    card = render_card(decided, CardKind.MODERATOR, viewer="UBOB")

    assert "Not sure" not in str(card.blocks)
    assert not buttons(card) & {Button.CHOOSE_LIKELIEST, Button.CHOOSE_SECOND}


def test_unsure_card_without_a_second_category_has_no_choices() -> None:
    card = render_card(unsure_ticket(Status.OFFERED, second=""), CardKind.MODERATOR, viewer="UBOB")

    assert "*Not sure that the category is Network.* If it is wrong, press *Edit triage*." in str(
        card.blocks
    )
    assert not buttons(card) & {Button.CHOOSE_LIKELIEST, Button.CHOOSE_SECOND}


def test_incident_block_follows_the_status() -> None:
    reports = (IncidentReport(ticket_id="T-7", by="U7"), IncidentReport(ticket_id="T-8", by="U8"))

    def card_text(status: Status, **fields: Any) -> str:
        ticket = ticket_in_status(status).model_copy(update={"incident": "T-1", **fields})
        return blocks_text(ticket, "UBOB")

    assert "*3 people report this*, also in T-7, T-8." in card_text(Status.CLAIMED, reports=reports)
    assert "*3 people reported this*, also in T-7" in card_text(Status.RESOLVED, reports=reports)
    many = tuple(IncidentReport(ticket_id=f"T-{n}", by=f"U{n}") for n in range(100, 300))
    assert "T-108, T-109 and 190 more." in card_text(Status.CLAIMED, reports=many)
    assert "The assignee of T-1 can resolve all of them." in card_text(Status.OFFERED)
    assert "T-1 reports the same, as do other tickets.'" in card_text(Status.RESOLVED)


def test_only_the_assignee_of_a_confidential_ticket_sees_solutions() -> None:
    solved = SolvedTicket(ticket_id="T-7", title="VPN drops", solution="Sign in again.")
    ticket = ticket_in_status(Status.OFFERED, confidential=True).model_copy(
        update={"similar": (solved,)}
    )

    assert solved.solution in blocks_text(ticket, "UBOB")
    assert solved.solution not in blocks_text(ticket, "UEVE")
    assert solved.solution not in blocks_text(ticket, "UADA", CardKind.REQUESTER)


def test_requester_who_resolved_the_ticket_can_reopen_it() -> None:
    solved = workflow.transition(
        ticket_in_status(Status.OFFERED), Verb.SELF_RESOLVE, actor=ADA, now=NOON
    )

    card = render_card(solved, CardKind.RESOLVED, viewer="UADA")

    assert "You resolved T-1." in card.text
    assert "You resolved this ticket." in blocks_text(solved, "UADA", CardKind.REQUESTER)
    assert buttons(card) == {Button.REOPEN}


@pytest.mark.parametrize(
    ("kind", "viewer", "text"),
    [
        (CardKind.MODERATOR, "UBOB", "T-1: a confidential ticket for you"),
        (CardKind.REQUESTER, "UADA", "T-1: your confidential ticket is offered."),
        (CardKind.WATCHER, "UEVE", "T-1: a confidential ticket that you watch"),
    ],
)
def test_notification_of_a_confidential_ticket_has_only_its_number(
    kind: CardKind, viewer: str, text: str
) -> None:
    ticket = ticket_in_status(Status.OFFERED, confidential=True, watchers=("UEVE",))

    assert render_card(ticket, kind, viewer=viewer).text == text


def test_watcher_of_a_confidential_ticket_reads_no_names() -> None:
    ticket = ticket_in_status(Status.CLAIMED, confidential=True, watchers=("UEVE",))

    _, status, facts, _ = render_card(ticket, CardKind.WATCHER, viewer="UEVE").blocks

    assert status["text"]["text"] == "*Somebody is working on it.*"
    assert facts["elements"][0]["text"] == "You watch this ticket"
