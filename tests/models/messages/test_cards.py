"""Cards: what they say and offer to whom, and that Slack takes them at their worst."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.messages.buttons import Button, ButtonValue
from models.messages.cards import SlackMessage, render_card
from models.tickets import workflow
from models.tickets.correction import Correction, apply_correction
from models.tickets.ticket import CardKind, IncidentReport, Status, Ticket
from models.tickets.workflow import Move
from models.triage.result import Engine, Priority
from models.triage.similarity import SolvedTicket
from sandbox.slack.blockkit import check_message
from tests.sample_tickets import ADA, BOB, EVE, NOON, make_triage, ticket_in_status

KINDS = [(CardKind.REQUESTER, ADA), (CardKind.MODERATOR, BOB), (CardKind.RESOLVED, ADA)]
HOSTILE = "&<>\"'`*_~ <!channel> <@U1> :fire: 🔥👩‍💻 "


def buttons(message: SlackMessage) -> set[str]:
    """The buttons on a message, by what they do."""
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    return {element["action_id"] for row in rows for element in row}


def parsed(shown: Any) -> list[str]:
    """Every text that Slack parses for mentions, links and formatting."""
    if isinstance(shown, list):
        return [text for each in shown for text in parsed(each)]
    if not isinstance(shown, dict):
        return []
    own = [shown["text"]] if shown.get("type") == "mrkdwn" else []
    return own + [text for each in shown.values() for text in parsed(each)]


def worst(status: Status) -> Ticket:
    """A ticket with every text as long and as hostile as the desk lets it be."""
    ticket = ticket_in_status(status)
    verdict = make_triage(
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
            "triage": ticket.triage and verdict,
            "similar": (solved, solved, solved),
            "solution": (HOSTILE * 90)[:1000],
        }
    )


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize(("kind", "reader"), KINDS)
def test_slack_takes_every_card_at_its_worst(status: Status, kind: CardKind, reader: Any) -> None:
    message = render_card(worst(status), kind, viewer=reader.slack_id)

    assert check_message(message.blocks) == []
    assert 0 < len(message.text) < 4000


@pytest.mark.fault("F18")
@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize(("kind", "reader"), KINDS)
def test_nothing_typed_is_parsed_by_slack(status: Status, kind: CardKind, reader: Any) -> None:
    message = render_card(worst(status), kind, viewer=reader.slack_id)

    for text in [message.text, *parsed(message.blocks)]:
        assert "<!channel>" not in text
        assert "<@U1>" not in text


@pytest.mark.parametrize(
    ("status", "reader", "offered"),
    [
        (Status.TRIAGED, BOB, {Button.CORRECT}),
        (Status.OFFERED, BOB, {Button.CLAIM, Button.DECLINE, Button.CORRECT}),
        (Status.OFFERED, EVE, {Button.CLAIM, Button.CORRECT}),
        (
            Status.CLAIMED,
            BOB,
            {Button.RESOLVE, Button.RESOLVE_WITH_NOTE, Button.RELEASE, Button.CORRECT},
        ),
        (Status.CLAIMED, EVE, {Button.CORRECT}),
        (Status.RESOLVED, BOB, {Button.REOPEN, Button.CORRECT}),
        (Status.RESOLVED, EVE, {Button.CORRECT}),
    ],
)
def test_a_moderator_finds_the_buttons_that_are_theirs(
    status: Status, reader: Any, offered: set[Button]
) -> None:
    assert (
        buttons(render_card(ticket_in_status(status), CardKind.MODERATOR, viewer=reader.slack_id))
        == offered
    )


def test_the_reason_is_for_the_assignee_alone() -> None:
    ticket = ticket_in_status(Status.OFFERED)

    assert "Why you: knows vpn" in str(
        render_card(ticket, CardKind.MODERATOR, viewer="UBOB").blocks
    )
    assert "Why you" not in str(render_card(ticket, CardKind.MODERATOR, viewer="UEVE").blocks)


def test_notes_are_not_for_the_requester() -> None:
    ticket = ticket_in_status(Status.OFFERED)
    told = ticket.model_copy(update={"triage": make_triage("vpn", notes="Ask about the token")})

    assert "Ask about" in str(render_card(told, CardKind.MODERATOR, viewer="UBOB").blocks)
    assert "Ask about" not in str(render_card(told, CardKind.REQUESTER, viewer="UADA").blocks)


def test_a_button_says_which_ticket_it_stands_on() -> None:
    ticket = ticket_in_status(Status.OFFERED)
    [row] = [
        b
        for b in render_card(ticket, CardKind.MODERATOR, viewer="UBOB").blocks
        if b["type"] == "actions"
    ]

    assert ButtonValue.parse(row["elements"][0]["value"]) == ButtonValue(ticket.id, ticket.version)


@given(st.text())
def test_any_value_of_a_button_can_be_read(value: str) -> None:
    pressed = ButtonValue.parse(value)

    assert pressed.ticket_id == "" or value.startswith(pressed.ticket_id)


def test_who_handed_a_confidential_ticket_back_reads_it_no_more() -> None:
    ticket = ticket_in_status(
        Status.OFFERED, confidential=True, title="Harassment", description="by X"
    )
    declined = ticket.model_copy(update={"assignee": "UEVE"})

    card = render_card(declined, CardKind.MODERATOR, viewer="UBOB")

    assert "Harassment" not in f"{card.text} {card.blocks}"
    assert "by X" not in str(card.blocks)
    assert "Harassment" in str(
        render_card(ticket, CardKind.MODERATOR, viewer=ticket.assignee or "").blocks
    )


def test_the_requester_is_told_who_has_reopened() -> None:
    resolved = ticket_in_status(Status.RESOLVED)
    by_bob = workflow.transition(resolved, Move.REOPEN, actor=BOB, now=NOON)
    by_ada = workflow.transition(resolved, Move.REOPEN, actor=ADA, now=NOON)

    assert "<@UBOB> said" in render_card(by_bob, CardKind.RESOLVED, viewer="UADA").text
    assert "You said" in render_card(by_ada, CardKind.RESOLVED, viewer="UADA").text


def unsure(status: Status, **said: Any) -> Ticket:
    """A ticket of which the engine could not say what it is."""
    said = {"confidence": 0.54, "second": "Access", **said}
    return ticket_in_status(status).model_copy(update={"triage": make_triage("vpn", **said)})


def test_an_engine_that_is_not_sure_asks_with_the_two_likeliest_as_buttons() -> None:
    card = render_card(unsure(Status.OFFERED), CardKind.MODERATOR, viewer="UBOB")

    assert "*Not sure: Network or Access?*" in str(card.blocks)
    [row] = [block for block in card.blocks if block.get("block_id") == "likeliest"]
    assert [one["text"]["text"] for one in row["elements"]] == ["Network", "Access"]
    assert buttons(card) >= {Button.CHOOSE_LIKELIEST, Button.CHOOSE_SECOND, Button.CLAIM}


@pytest.mark.parametrize(
    "decided",
    [
        unsure(Status.OFFERED, confidence=0.55),
        unsure(Status.RESOLVED),
        apply_correction(Correction(), actor=BOB, seen_version=None)(unsure(Status.OFFERED), NOON),
    ],
    ids=["sure", "resolved", "confirmed"],
)
def test_what_is_decided_is_not_asked(decided: Ticket) -> None:
    card = render_card(decided, CardKind.MODERATOR, viewer="UBOB")

    assert "Not sure" not in str(card.blocks)
    assert not buttons(card) & {Button.CHOOSE_LIKELIEST, Button.CHOOSE_SECOND}


def test_an_engine_that_knows_no_second_category_offers_none() -> None:
    card = render_card(unsure(Status.OFFERED, second=""), CardKind.MODERATOR, viewer="UBOB")

    assert "*Not sure that it is Network.* If it is not, *Correct* it." in str(card.blocks)
    assert not buttons(card) & {Button.CHOOSE_LIKELIEST, Button.CHOOSE_SECOND}


def test_the_card_says_which_engine_and_who_has_judged_it() -> None:
    by_gemini = make_triage(
        "vpn", engine=Engine.GEMINI, model="gemini-9", prompt="3", confidence=0.8, ms=812
    )
    ticket = ticket_in_status(Status.CLAIMED).model_copy(update={"triage": by_gemini})

    def says(correction: Correction | None) -> str:
        change = correction and apply_correction(correction, actor=EVE, seen_version=None)
        judged = change(ticket, NOON) if change else ticket
        return str(render_card(judged, CardKind.MODERATOR, viewer="UBOB").blocks)

    line = "Triage: Gemini (80% sure of the category), gemini-9, prompt 3, 812 ms"
    assert f"{line}'" in says(None)
    assert f"{line} · Confirmed by <@UEVE>" in says(Correction())
    assert f"{line} · Corrected by <@UEVE>" in says(Correction(priority=Priority.URGENT))
    corrected = says(Correction(category="Access"))
    assert f"{line.replace('the category', 'Network')} · Corrected by <@UEVE>" in corrected


def test_an_incident_that_is_over_is_told_as_over() -> None:
    reports = (IncidentReport(ticket_id="T-7", by="U7"), IncidentReport(ticket_id="T-8", by="U8"))

    def says(status: Status, **known: Any) -> str:
        ticket = ticket_in_status(status).model_copy(update={"incident": "T-1", **known})
        return str(render_card(ticket, CardKind.MODERATOR, viewer="UBOB").blocks)

    assert "*3 people report this*, also in T-7, T-8." in says(Status.CLAIMED, reports=reports)
    assert "*3 people reported this*, also in T-7" in says(Status.RESOLVED, reports=reports)
    many = tuple(IncidentReport(ticket_id=f"T-{n}", by=f"U{n}") for n in range(100, 300))
    assert "T-108, T-109 and 190 more." in says(Status.CLAIMED, reports=many)
    assert "others: whoever has T-1 can answer them all." in says(Status.OFFERED)
    assert "T-1 says the same, as do others." in says(Status.RESOLVED)


def test_a_card_tells_how_tickets_like_it_were_solved() -> None:
    like = SolvedTicket(ticket_id="T-7", title="VPN drops", solution="Sign in anew.")
    ticket = ticket_in_status(Status.OFFERED, confidential=True).model_copy(
        update={"similar": (like,)}
    )

    assert "Sign in anew." in str(render_card(ticket, CardKind.MODERATOR, viewer="UBOB").blocks)
    assert "Sign in anew." not in str(render_card(ticket, CardKind.MODERATOR, viewer="UEVE").blocks)
    assert "Sign in anew." not in str(render_card(ticket, CardKind.REQUESTER, viewer="UADA").blocks)


def test_who_has_solved_it_alone_is_asked_whether_it_stays_so() -> None:
    solved = workflow.transition(
        ticket_in_status(Status.OFFERED), Move.SELF_RESOLVE, actor=ADA, now=NOON
    )

    card = render_card(solved, CardKind.RESOLVED, viewer="UADA")

    assert "You said that T-1 is solved" in card.text
    assert buttons(card) == {Button.REOPEN}
