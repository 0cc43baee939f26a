"""The modal behind *Details*: the facts that it lists."""

from bot.tickets import details
from models.tickets.correction import Correction, apply_correction
from models.tickets.ticket import Status
from models.triage.result import Engine, Priority
from sandbox.slack.content.visible_text import blocks_text
from tests.sample_tickets import EVE, NOON, make_triage, new_ticket, ticket_in_status


def test_details_show_the_engine_and_who_edited_the_triage() -> None:
    by_gemini = make_triage(
        "vpn", engine=Engine.GEMINI, model="gemini-9", prompt="3", confidence=0.8, ms=812
    )
    ticket = ticket_in_status(Status.CLAIMED).model_copy(update={"triage": by_gemini})

    def details_text(correction: Correction | None) -> str:
        update = correction and apply_correction(correction, actor=EVE, seen_version=None)
        after = update(ticket, NOON) if update else ticket
        blocks = details.render(after, editor="UEVE" if update else "")["blocks"]
        return blocks_text(blocks, lambda slack_id: f"@{slack_id}")

    facts = [
        "Engine: Gemini",
        "Confidence: 80% sure of Network",
        "Model: gemini-9",
        "Prompt version: 3",
        "Response time: 812 ms",
        "Skills: vpn",
        "Ticket version: 4",
    ]
    assert details_text(None).splitlines() == facts
    assert "Triage confirmed by: @UEVE" in details_text(Correction())
    edited = details_text(Correction(category="Access", priority=Priority.URGENT))
    assert "Triage edited by: @UEVE" in edited
    assert "Confidence: 80% sure of Network" in edited


def test_details_of_the_built_in_engine_say_why_not_gemini() -> None:
    triage = make_triage("vpn", why_builtin="no Gemini key is set")
    ticket = ticket_in_status(Status.OFFERED).model_copy(update={"triage": triage})

    text = blocks_text(details.render(ticket)["blocks"], str)

    assert "Engine: Built-in engine" in text
    assert "Why not Gemini: no Gemini key is set" in text


def test_details_before_triage() -> None:
    text = blocks_text(details.render(new_ticket())["blocks"], str)

    assert text.splitlines() == ["Engine: not triaged yet", "Ticket version: 1"]
