"""The form of the workspace's settings, with one field for each setting of the model."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.payload import Payload
from bot.ui.form_fields import (
    grouped_select_menu,
    input_field,
    option,
    option_group,
    select_menu,
    text_input,
)
from bot.ui.submitted_form import SubmittedForm
from bot.ui.views import form_view
from models.messages.block_kit import Element, Option, OptionGroup, View, context_line
from models.text import clip, escape
from models.workspace.workspace_settings import (
    MAX_TEXT_LENGTH,
    SettingField,
    SettingKind,
    WorkspaceSettings,
    setting_fields,
)

CALLBACK = "save_settings"
TITLE = "Workspace settings"
OPEN = "manage_settings"
_ALLOW, _DENY = "user", "refuse"
# An id that no user group has.
_NO_GROUP = "-"
# A menu holds 100 groups of 100 options, and an option has 75 characters:
# https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#static_select
_MAX_OPTIONS, _MAX_OPTION_LENGTH = 100, 75
_MAX_LISTED_LENGTH = 500


def render(
    settings: WorkspaceSettings, groups: Sequence[tuple[str, str]], *, groups_error: str = ""
) -> View:
    """The form with the current settings.

    Args:
        groups: the user groups to choose from, by id and handle.
        groups_error: why some or all groups are missing.
    """
    blocks = []
    for name, field in setting_fields().items():
        element = _element(field, getattr(settings, name), groups)
        is_typed = field.kind in {SettingKind.LINE, SettingKind.TEXT}
        blocks.append(input_field(name, field.label, element, hint=field.hint, optional=is_typed))
    if groups_error:
        reason = escape(clip(groups_error, 300))
        blocks.append(context_line(f"Slack did not list its user groups: {reason}"))
    return form_view(CALLBACK, TITLE, blocks, submit="Save")


def read(view: Payload) -> Mapping[str, Any]:
    """The settings that the admin changed, by their names in `WorkspaceSettings`.

    Unchanged fields are left out, because another admin may have changed them meanwhile.

    Raises:
        InvalidInput: a text is not a value of its setting.
    """
    form, values, errors = SubmittedForm(view), {}, {}
    for name, field in setting_fields().items():
        if form.has_changed(name):
            try:
                values[name] = _value(field, form, name)
            except ValueError as error:
                errors[name] = f"Nothing was saved: {error}."
    if errors:
        raise form.invalid_input(errors)
    return values


def confirmation_texts(settings: WorkspaceSettings) -> tuple[str, ...]:
    """The saved settings, one line for each (mrkdwn)."""
    lines = [
        f"{field.label}: {_summary(field, getattr(settings, name))}"
        for name, field in setting_fields().items()
    ]
    return "*Saved.* The settings apply from now on.", *lines


def _element(field: SettingField, value: Any, groups: Sequence[tuple[str, str]]) -> Element:
    match field.kind:
        case SettingKind.ACCESS:
            options = [option("May open tickets", _ALLOW), option("Not allowed", _DENY)]
            return select_menu(options, _ALLOW if value else _DENY)
        case SettingKind.USER_GROUP:
            return _group_menu(value, groups)
        case SettingKind.LINE | SettingKind.TEXT:
            return text_input(
                field.to_text(value),
                max_length=MAX_TEXT_LENGTH,
                multiline=field.kind is SettingKind.TEXT,
            )


def _value(field: SettingField, form: SubmittedForm, name: str) -> Any:
    match field.kind:
        case SettingKind.ACCESS:
            return form.selected_value(name) == _ALLOW
        case SettingKind.USER_GROUP:
            group_id = form.selected_value(name)
            return "" if group_id == _NO_GROUP else group_id
        case SettingKind.LINE | SettingKind.TEXT:
            return field.parse(form.text(name))


def _summary(field: SettingField, value: Any) -> str:
    match field.kind:
        case SettingKind.ACCESS:
            return "may open tickets" if value else "not allowed"
        case SettingKind.USER_GROUP:
            if not value:
                return "none"
            return f"<!subteam^{value}>. Frontdesk is reading the group."
        case SettingKind.LINE | SettingKind.TEXT:
            return escape(clip(field.to_text(value), _MAX_LISTED_LENGTH)) or "none"


def _group_menu(group_id: str, groups: Sequence[tuple[str, str]]) -> Element:
    names = {one_id: f"@{handle}" for one_id, handle in sorted(groups, key=lambda group: group[1])}
    if group_id:
        # Slack may have stopped listing the chosen group.
        names.setdefault(group_id, group_id)
    options = [option(clip(name, _MAX_OPTION_LENGTH), one_id) for one_id, name in names.items()]
    no_group = option("None", _NO_GROUP)
    selected_id = group_id or _NO_GROUP
    if len(options) < _MAX_OPTIONS:
        return select_menu([no_group, *options], selected_id)
    return grouped_select_menu(
        [option_group("No group", [no_group]), *_option_groups(options)], selected_id
    )


def _option_groups(options: Sequence[Option]) -> Iterator[OptionGroup]:
    for start in range(0, min(len(options), _MAX_OPTIONS * (_MAX_OPTIONS - 1)), _MAX_OPTIONS):
        part = options[start : start + _MAX_OPTIONS]
        first, last = (clip(one["text"]["text"], 30) for one in (part[0], part[-1]))
        yield option_group(f"{first} to {last}", part)
