"""The page on which an admin sees whether the desk works, and replays what was given up."""

from collections.abc import Iterator
from typing import Any

from bot.views.fields import plain
from models.cards import Block
from models.health import Dead, Finding, Health
from models.step import Step
from models.wording import STEP_WORDS, clip, counted, escape, listed_briefly, moment

OPEN, TAKE_UP = "watch_desk", "take_up_tickets"
REPLAY, REPLAY_ONE = "replay_steps", "replay_step"
TITLE = "Is the desk well?"
# What a section holds: https://docs.slack.dev/reference/block-kit/blocks/section-block
_SECTION = 3000
# What a menu holds: https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element
_OPTIONS = 100


def draw(health: Health, *, note: str = "") -> Block:
    """The page.

    Args:
        note: what has just been done, if something was (mrkdwn).
    """
    return {
        "type": "modal",
        "title": plain(TITLE),
        "close": plain("Back"),
        "blocks": list(_blocks(health, note)),
    }


def _blocks(health: Health, note: str) -> Iterator[Block]:
    if note:
        yield _section(f":white_check_mark: {note}")
    yield _section("\n".join(_line(one) for one in health.findings))
    yield {"type": "divider"}
    if not health.dead and not health.set_aside:
        yield _section("Nothing has been given up.")
    for dead in health.dead:
        yield _section(_told(dead))
        again = _try_again(REPLAY, value=dead.step.value, what=STEP_WORDS[dead.step])
        if len(dead.tickets) > 1:
            again["elements"].append(_one_of(dead))
        yield again
    if health.set_aside:
        names = tuple(health.set_aside)
        yield _section(
            f":warning: *Damaged, and set aside:* {listed_briefly(names)}\n"
            "Their documents can't be read; the worker's log says why. Repair them in MongoDB, "
            "then try again."
        )
        yield _try_again(TAKE_UP, value="all", what="damaged tickets")


def _line(one: Finding) -> str:
    mark = ":white_check_mark:" if one.ok else ":x:"
    todo = f" → {escape(one.todo)}" if one.todo else ""
    return clip(f"{mark} *{escape(one.what)}*: {escape(one.says)}{todo}", 250)


def _told(dead: Dead) -> str:
    return (
        f":x: *Given up: {STEP_WORDS[dead.step]}* for {counted(len(dead.tickets), 'ticket')}, "
        f"since {moment(dead.since)}\n{listed_briefly(dead.tickets)}\n"
        f"The reason, of the first: {escape(clip(dead.reason, 300))}"
    )


def _try_again(action: str, *, value: str, what: str) -> Block:
    element = {
        "type": "button",
        "action_id": action,
        "text": plain("Try again"),
        "value": value,
        "accessibility_label": f"Try again: {what}",
    }
    return {"type": "actions", "block_id": f"{action}:{value}", "elements": [element]}


def _one_of(dead: Dead) -> Block:
    """A menu of these tickets, for who would try one before all."""
    options = [
        {"text": plain(ticket_id), "value": f"{dead.step.value}:{ticket_id}"}
        for ticket_id in dead.tickets[:_OPTIONS]
    ]
    hint = plain("Try one of them")
    return {
        "type": "static_select",
        "action_id": REPLAY_ONE,
        "placeholder": hint,
        "options": options,
    }


def picked(body: dict[str, Any]) -> tuple[Step, str]:
    """The step, and the ticket picked in that menu."""
    step, _, ticket_id = body["actions"][0]["selected_option"]["value"].partition(":")
    return Step(step), ticket_id


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": clip(text, _SECTION)}}
