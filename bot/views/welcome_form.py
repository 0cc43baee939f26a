"""The form about whom the desk serves from outside, and which user group makes moderators."""

from collections.abc import Iterator, Sequence
from typing import Any

from bot.views.fields import VALUE, Sent, field, menu, modal, option, plain
from models.cards import Block
from models.welcome import Welcome
from models.wording import clip, escape

CALLBACK = "save_welcome"
TITLE = "Guests and groups"
OPEN = "manage_welcome"
GUESTS, STRANGERS, MODERATORS = "guests", "strangers", "moderators"
_SERVED, _REFUSED = "user", "refuse"
# No id of a user group.
_NO_GROUP = "-"
# A menu holds 100 groups of 100 choices, and a choice has 75 characters:
# https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#static_select
_MOST, _LONGEST = 100, 75
_CONNECTED = "Who shares a channel with you by Slack Connect. They are as guests are."
_MEMBERS = "Its members are moderators while they are in it, unless they have another role."


def draw(welcome: Welcome, groups: Sequence[tuple[str, str]], *, fault: str = "") -> Block:
    """The form.

    Args:
        groups: the user groups to choose from, by id and handle.
        fault: why they are not all that there are.
    """
    blocks = [
        field(GUESTS, "Guests of this workspace", _answers(served=welcome.guests)),
        field(
            STRANGERS,
            "People of other workspaces",
            _answers(served=welcome.strangers),
            hint=_CONNECTED,
        ),
        field(MODERATORS, "User group of moderators", _groups(welcome, groups), hint=_MEMBERS),
    ]
    if fault:
        says = f"Slack does not show its user groups: {escape(clip(fault, 300))}"
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": says}]})
    return modal(CALLBACK, TITLE, "Save", blocks)


def read(view: dict[str, Any]) -> dict[str, Any]:
    """What the admin has changed, by the names in `Welcome`.

    What was left as it was shown may have been changed by another one.
    """
    sent = Sent(view)
    group = sent.choice(MODERATORS)
    chosen = {
        "guests": sent.choice(GUESTS) == _SERVED,
        "strangers": sent.choice(STRANGERS) == _SERVED,
        "moderators": "" if group == _NO_GROUP else group,
    }
    return {name: value for name, value in chosen.items() if sent.changed(name)}


def saved(welcome: Welcome) -> tuple[str, ...]:
    """What the admin is told (mrkdwn)."""
    who = {"Guests": welcome.guests, "People of other workspaces": welcome.strangers}
    lines = [f"{name} {'may open tickets' if may else 'are refused'}." for name, may in who.items()]
    group = f"<!subteam^{welcome.moderators}>" if welcome.moderators else ""
    by = f"Who is in {group} is a moderator; its members are being read." if group else _NOBODY
    return "*It is saved, and holds from now on.*", *lines, by


_NOBODY = "No user group makes moderators."


def _answers(*, served: bool) -> Block:
    options = [option("May open tickets", _SERVED), option("Are refused", _REFUSED)]
    return menu(options, _SERVED if served else _REFUSED)


def _groups(welcome: Welcome, groups: Sequence[tuple[str, str]]) -> Block:
    known = {group: f"@{handle}" for group, handle in sorted(groups, key=lambda one: one[1])}
    if welcome.moderators:
        # Slack may not show it, or not any more.
        known.setdefault(welcome.moderators, welcome.moderators)
    options = [option(clip(name, _LONGEST), group) for group, name in known.items()]
    first = option("None", _NO_GROUP)
    if len(options) < _MOST:
        return menu([first, *options], welcome.moderators or _NO_GROUP)
    chosen = [one for one in (first, *options) if one["value"] == (welcome.moderators or _NO_GROUP)]
    return {
        "type": "static_select",
        "action_id": VALUE,
        "option_groups": [{"label": plain("No group"), "options": [first]}, *_parts(options)],
        "initial_option": chosen[0],
    }


def _parts(options: Sequence[Block]) -> Iterator[Block]:
    for start in range(0, min(len(options), _MOST * (_MOST - 1)), _MOST):
        part = options[start : start + _MOST]
        first, last = (clip(one["text"]["text"], 30) for one in (part[0], part[-1]))
        yield {"label": plain(f"{first} to {last}"), "options": [*part]}
