"""The page on which an admin sees whether the desk works, and replays what was given up."""

from collections.abc import Iterator
from typing import Any

from bot.ui.form_fields import plain_text
from models.health import CheckResult, DeadStepGroup, HealthReport
from models.messages.cards import Block
from models.messages.texts import STEP_LABELS
from models.text import clip, escape, join_names_briefly, pluralize, slack_date
from models.tickets.pending_step import Step

OPEN, RELEASE_QUARANTINED = "watch_desk", "take_up_tickets"
REPLAY_STEPS, REPLAY_TICKET_STEP = "replay_steps", "replay_step"
TITLE = "Is the desk well?"
# What a section holds: https://docs.slack.dev/reference/block-kit/blocks/section-block
_MAX_SECTION_LENGTH = 3000
# What a menu holds: https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element
_MAX_OPTIONS = 100


def render(health: HealthReport, *, note: str = "") -> Block:
    """The page.

    Args:
        note: what has just been done, if something was (mrkdwn).
    """
    return {
        "type": "modal",
        "title": plain_text(TITLE),
        "close": plain_text("Back"),
        "blocks": list(_blocks(health, note)),
    }


def _blocks(health: HealthReport, note: str) -> Iterator[Block]:
    if note:
        yield _section(f":white_check_mark: {note}")
    yield _section("\n".join(_finding_line(one) for one in health.results))
    yield {"type": "divider"}
    if not health.dead_steps and not health.quarantined:
        yield _section("Nothing has been given up.")
    for dead in health.dead_steps:
        yield _section(_dead_step_text(dead))
        again = _retry_row(REPLAY_STEPS, value=dead.step.value, subject=STEP_LABELS[dead.step])
        if len(dead.ticket_ids) > 1:
            again["elements"].append(_ticket_menu(dead))
        yield again
    if health.quarantined:
        names = tuple(health.quarantined)
        yield _section(
            f":warning: *Damaged, and set aside:* {join_names_briefly(names)}\n"
            "Their documents can't be read; the worker's log says why. Repair them in MongoDB, "
            "then try again."
        )
        yield _retry_row(RELEASE_QUARANTINED, value="all", subject="damaged tickets")


def _finding_line(finding: CheckResult) -> str:
    mark = ":white_check_mark:" if finding.is_ok else ":x:"
    todo = f" → {escape(finding.remedy)}" if finding.remedy else ""
    return clip(f"{mark} *{escape(finding.name)}*: {escape(finding.status)}{todo}", 250)


def _dead_step_text(dead_step: DeadStepGroup) -> str:
    return (
        f":x: *Given up: {STEP_LABELS[dead_step.step]}* for {pluralize(len(dead_step.ticket_ids), 'ticket')}, "
        f"since {slack_date(dead_step.since)}\n{join_names_briefly(dead_step.ticket_ids)}\n"
        f"The reason, of the first: {escape(clip(dead_step.reason, 300))}"
    )


def _retry_row(action_id: str, *, value: str, subject: str) -> Block:
    element = {
        "type": "button",
        "action_id": action_id,
        "text": plain_text("Try again"),
        "value": value,
        "accessibility_label": f"Try again: {subject}",
    }
    return {"type": "actions", "block_id": f"{action_id}:{value}", "elements": [element]}


def _ticket_menu(dead_step: DeadStepGroup) -> Block:
    """A menu of these tickets, for who would try one before all."""
    options = [
        {"text": plain_text(ticket_id), "value": f"{dead_step.step.value}:{ticket_id}"}
        for ticket_id in dead_step.ticket_ids[:_MAX_OPTIONS]
    ]
    hint = plain_text("Try one of them")
    return {
        "type": "static_select",
        "action_id": REPLAY_TICKET_STEP,
        "placeholder": hint,
        "options": options,
    }


def selected_dead_step(body: dict[str, Any]) -> tuple[Step, str]:
    """The step, and the ticket picked in that menu."""
    step, _, ticket_id = body["actions"][0]["selected_option"]["value"].partition(":")
    return Step(step), ticket_id


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": clip(text, _MAX_SECTION_LENGTH)}}
