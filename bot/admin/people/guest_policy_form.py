"""The guest policy form: access for guests and other workspaces, the user group of moderators."""

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
from models.messages.block_kit import context_line
from models.messages.cards import Block
from models.people.guest_policy import GuestPolicy
from models.text import clip, escape

CALLBACK = "save_welcome"
TITLE = "Guest policy"
OPEN = "manage_welcome"
GUESTS, EXTERNAL_USERS, MODERATOR_GROUP = "guests", "strangers", "moderators"
_ALLOW, _DENY = "user", "refuse"
# An id that no user group has.
_NO_GROUP = "-"
# A menu holds 100 groups of 100 options, and an option has 75 characters:
# https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#static_select
_MAX_OPTIONS, _MAX_OPTION_LENGTH = 100, 75
_EXTERNAL_USERS_HINT = (
    "People who share a Slack Connect channel with you. They have the rights of guests."
)
_MODERATOR_GROUP_HINT = (
    "Members of the group are moderators while they are in it, unless they have another role."
)


def render(
    policy: GuestPolicy, groups: Sequence[tuple[str, str]], *, groups_error: str = ""
) -> Block:
    """The form with the current policy.

    Args:
        groups: the user groups to choose from, by id and handle.
        groups_error: why some or all groups are missing.
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
        reason = escape(clip(groups_error, 300))
        blocks.append(context_line(f"Slack did not list its user groups: {reason}"))
    return modal(CALLBACK, TITLE, "Save", blocks, close=plain_text("Cancel"))


def read(view: dict[str, Any]) -> dict[str, Any]:
    """The fields that the admin changed, by their names in `GuestPolicy`.

    Unchanged fields are left out, because another admin may have changed them meanwhile.
    """
    form = SubmittedForm(view)
    group = form.selected_value(MODERATOR_GROUP)
    selected = {
        "guests": form.selected_value(GUESTS) == _ALLOW,
        "strangers": form.selected_value(EXTERNAL_USERS) == _ALLOW,
        "moderators": "" if group == _NO_GROUP else group,
    }
    return {name: value for name, value in selected.items() if form.has_changed(name)}


def confirmation_texts(policy: GuestPolicy) -> tuple[str, ...]:
    """The saved policy, one sentence per field (mrkdwn)."""
    access = {"Guests": policy.guests, "People of other workspaces": policy.strangers}
    lines = [
        f"{name}: {'may open tickets' if is_allowed else 'not allowed'}."
        for name, is_allowed in access.items()
    ]
    group = (
        f"Members of <!subteam^{policy.moderators}> are moderators. Frontdesk is reading the group."
        if policy.moderators
        else "No user group makes moderators."
    )
    return "*Saved.* The policy applies from now on.", *lines, group


def _access_menu(*, is_allowed: bool) -> Block:
    options = [option("May open tickets", _ALLOW), option("Not allowed", _DENY)]
    return select_menu(options, _ALLOW if is_allowed else _DENY)


def _group_menu(policy: GuestPolicy, groups: Sequence[tuple[str, str]]) -> Block:
    names = {
        group_id: f"@{handle}" for group_id, handle in sorted(groups, key=lambda group: group[1])
    }
    if policy.moderators:
        # Slack may have stopped listing the chosen group.
        names.setdefault(policy.moderators, policy.moderators)
    options = [option(clip(name, _MAX_OPTION_LENGTH), group_id) for group_id, name in names.items()]
    no_group = option("None", _NO_GROUP)
    selected_id = policy.moderators or _NO_GROUP
    if len(options) < _MAX_OPTIONS:
        return select_menu([no_group, *options], selected_id)
    return {
        "type": "static_select",
        "action_id": INPUT_ACTION_ID,
        "option_groups": [
            {"label": plain_text("No group"), "options": [no_group]},
            *_option_groups(options),
        ],
        "initial_option": next(one for one in (no_group, *options) if one["value"] == selected_id),
    }


def _option_groups(options: Sequence[Block]) -> Iterator[Block]:
    for start in range(0, min(len(options), _MAX_OPTIONS * (_MAX_OPTIONS - 1)), _MAX_OPTIONS):
        part = options[start : start + _MAX_OPTIONS]
        first, last = (clip(one["text"]["text"], 30) for one in (part[0], part[-1]))
        yield {"label": plain_text(f"{first} to {last}"), "options": [*part]}
