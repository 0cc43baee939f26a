"""The form about whom the desk serves from outside, and which user group makes moderators."""

from collections.abc import Iterator, Sequence
from typing import Any

from bot.ui.form_fields import (
    INPUT_ACTION_ID,
    SubmittedForm,
    input_field,
    modal,
    option,
    plain_text,
    select_menu,
)
from models.messages.cards import Block
from models.people.guest_policy import GuestPolicy
from models.text import clip, escape

CALLBACK = "save_welcome"
TITLE = "Guests and groups"
OPEN = "manage_welcome"
GUESTS, EXTERNAL_USERS, MODERATOR_GROUP = "guests", "strangers", "moderators"
_ALLOW, _DENY = "user", "refuse"
# No id of a user group.
_NO_GROUP = "-"
# A menu holds 100 groups of 100 choices, and a choice has 75 characters:
# https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#static_select
_MAX_OPTIONS, _MAX_OPTION_LENGTH = 100, 75
_EXTERNAL_USERS_HINT = "Who shares a channel with you by Slack Connect. They are as guests are."
_MODERATOR_GROUP_HINT = (
    "Its members are moderators while they are in it, unless they have another role."
)


def render(
    policy: GuestPolicy, groups: Sequence[tuple[str, str]], *, groups_error: str = ""
) -> Block:
    """The form.

    Args:
        groups: the user groups to choose from, by id and handle.
        fault: why they are not all that there are.
    """
    blocks = [
        input_field(GUESTS, "Guests of this workspace", _access_menu(is_allowed=policy.guests)),
        input_field(
            EXTERNAL_USERS,
            "People of other workspaces",
            _access_menu(is_allowed=policy.strangers),
            hint=_EXTERNAL_USERS_HINT,
        ),
        input_field(
            MODERATOR_GROUP,
            "User group of moderators",
            _group_menu(policy, groups),
            hint=_MODERATOR_GROUP_HINT,
        ),
    ]
    if groups_error:
        says = f"Slack does not show its user groups: {escape(clip(groups_error, 300))}"
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": says}]})
    return modal(CALLBACK, TITLE, "Save", blocks)


def read(view: dict[str, Any]) -> dict[str, Any]:
    """What the admin has changed, by the names in `Welcome`.

    What was left as it was shown may have been changed by another one.
    """
    sent = SubmittedForm(view)
    group = sent.selected_value(MODERATOR_GROUP)
    chosen = {
        "guests": sent.selected_value(GUESTS) == _ALLOW,
        "strangers": sent.selected_value(EXTERNAL_USERS) == _ALLOW,
        "moderators": "" if group == _NO_GROUP else group,
    }
    return {name: value for name, value in chosen.items() if sent.has_changed(name)}


def confirmation_texts(policy: GuestPolicy) -> tuple[str, ...]:
    """What the admin is told (mrkdwn)."""
    who = {"Guests": policy.guests, "People of other workspaces": policy.strangers}
    lines = [f"{name} {'may open tickets' if may else 'are refused'}." for name, may in who.items()]
    group = f"<!subteam^{policy.moderators}>" if policy.moderators else ""
    by = (
        f"Who is in {group} is a moderator; its members are being read."
        if group
        else _NO_GROUP_TEXT
    )
    return "*It is saved, and holds from now on.*", *lines, by


_NO_GROUP_TEXT = "No user group makes moderators."


def _access_menu(*, is_allowed: bool) -> Block:
    options = [option("May open tickets", _ALLOW), option("Are refused", _DENY)]
    return select_menu(options, _ALLOW if is_allowed else _DENY)


def _group_menu(policy: GuestPolicy, groups: Sequence[tuple[str, str]]) -> Block:
    known = {group: f"@{handle}" for group, handle in sorted(groups, key=lambda one: one[1])}
    if policy.moderators:
        # Slack may not show it, or not any more.
        known.setdefault(policy.moderators, policy.moderators)
    options = [option(clip(name, _MAX_OPTION_LENGTH), group) for group, name in known.items()]
    first = option("None", _NO_GROUP)
    if len(options) < _MAX_OPTIONS:
        return select_menu([first, *options], policy.moderators or _NO_GROUP)
    chosen = [one for one in (first, *options) if one["value"] == (policy.moderators or _NO_GROUP)]
    return {
        "type": "static_select",
        "action_id": INPUT_ACTION_ID,
        "option_groups": [
            {"label": plain_text("No group"), "options": [first]},
            *_option_groups(options),
        ],
        "initial_option": chosen[0],
    }


def _option_groups(options: Sequence[Block]) -> Iterator[Block]:
    for start in range(0, min(len(options), _MAX_OPTIONS * (_MAX_OPTIONS - 1)), _MAX_OPTIONS):
        part = options[start : start + _MAX_OPTIONS]
        first, last = (clip(one["text"]["text"], 30) for one in (part[0], part[-1]))
        yield {"label": plain_text(f"{first} to {last}"), "options": [*part]}
