"""Actions on an element by its block id and action id, for a client such as the page."""

from base64 import b64decode
from itertools import chain

from sandbox.slack.actors.actor import Actor
from sandbox.slack.actors.clicks import (
    ClickTarget,
    act_in_message,
    act_in_view,
    get_post,
    message_values,
    pick_keys,
)
from sandbox.slack.actors.form_filling import empty_state, fetch_options, search_options
from sandbox.slack.actors.rendered import Message
from sandbox.slack.content.input_elements import (
    EXTERNAL_SELECTS,
    InputField,
    element_options,
    input_fields,
    is_multi_value,
    is_state_empty,
    state_value,
    to_state,
)
from sandbox.slack.content.visible_text import interactive_elements
from sandbox.slack.delivery import request_payloads
from sandbox.slack.entities.uploads import Upload, file_object
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.views import View

GONE_TEXT = "It is no longer there."


def get_open_view(actor: Actor, view_id: str) -> View:
    """Return the top modal or the Home tab; a person can use no other view."""
    views = actor.state.views
    for view in (views.top_modal(actor.member.id), views.home_tab(actor.member.id)):
        if view is not None and view.id == view_id:
            return view
    raise LookupError("That view is no longer open.")


async def press_element(
    actor: Actor, surface: Message | View, block_id: str, action_id: str, state: Json | None
) -> None:
    """Click a button or choose in a menu.

    Raises:
        LookupError: the surface does not show this element or option.
    """
    block, element = _get_element(_surface_blocks(surface), block_id, action_id)
    target = _make_target(actor, block, element, state or {})
    if isinstance(surface, View):
        await act_in_view(actor, surface, target)
        return
    if target.field and target.state:
        _store_message_state(actor, surface, target.field, target.state)
        if not target.field.dispatches_action:
            return  # the next click sends this choice
    await act_in_message(actor, surface, target)


async def set_input(actor: Actor, view: View, block_id: str, action_id: str, state: Json) -> None:
    """Set the state of an input; the app gets it with a click or the submission."""
    field = _get_field(actor, view.blocks, block_id, action_id)
    new_state = _validate_state(actor, field, state)
    if new_state != view.values[block_id][action_id]:
        view.set_state(field, new_state)
        actor.state.notify_change()


async def load_options(
    actor: Actor, surface: Message | View, block_id: str, action_id: str, typed: str
) -> list[Json]:
    """Return the app's options for a text typed into an external select."""
    field = _get_field(actor, _surface_blocks(surface), block_id, action_id)
    if isinstance(surface, View):
        return await search_options(actor, surface, field, typed)
    post, channel = get_post(actor, surface), actor.state.channels.find(surface.channel)
    if channel is None:
        raise LookupError(GONE_TEXT)
    container = request_payloads.message_container(channel, post, message=surface.raw)
    return await fetch_options(actor, container, field, typed)


def _surface_blocks(surface: Message | View) -> list[Json]:
    if isinstance(surface, View):
        return surface.blocks
    attachments = surface.raw.get("attachments", ())
    attached_blocks = [attachment.get("blocks", ()) for attachment in attachments]
    return [*surface.blocks, *chain.from_iterable(attached_blocks)]


def _store_message_state(actor: Actor, message: Message, field: InputField, state: Json) -> None:
    # Slack sends the choices in a message with each later action in it.
    block_values = message_values(actor, message).setdefault(field.block_id, {})
    block_values[field.action_id] = state


def _get_element(blocks: list[Json], block_id: str, action_id: str) -> tuple[Json, Json]:
    for block, element in interactive_elements(blocks):
        if (block.get("block_id"), element.get("action_id")) == (block_id, action_id):
            return block, element
    raise LookupError(GONE_TEXT)


def _get_field(actor: Actor, blocks: list[Json], block_id: str, action_id: str) -> InputField:
    block, element = _get_element(blocks, block_id, action_id)
    # One block can have several input elements.
    for field in input_fields([block], actor.state.display_name):
        if field.element is element:
            return field
    raise LookupError("This element takes no input.")


def _make_target(actor: Actor, block: Json, element: Json, state: Json) -> ClickTarget:
    action = {"block_id": block["block_id"], **pick_keys(element, "action_id", "type")}
    if element["type"] == "button":
        return ClickTarget(action | pick_keys(element, "text", "value", "style", "url"))
    if element["type"] == "overflow":
        return ClickTarget(
            action | {"selected_option": _get_shown_option(element, state.get("selected_option"))}
        )
    field = _get_field(actor, [block], str(block["block_id"]), str(element["action_id"]))
    new_state = _validate_state(actor, field, state)
    return ClickTarget(
        {**action, **new_state, **pick_keys(element, "placeholder")}, field=field, state=new_state
    )


def _validate_state(actor: Actor, field: InputField, state: Json) -> Json:
    """Return the state as Slack writes it, with only values that the field offers."""
    empty = empty_state(field.element)
    if state.get("type") != field.type:
        raise LookupError(f"That is not a state of a {field.type}.")
    if not set(empty) <= set(state) or is_state_empty(state):
        return empty
    value = state_value(state)
    if isinstance(value, list) != is_multi_value(field.element):
        raise LookupError(f"That is not a state of a {field.type}.")
    if isinstance(value, list):
        return to_state(field.element, [_validate_value(actor, field, item) for item in value])
    return to_state(field.element, _validate_value(actor, field, value))


def _validate_value(actor: Actor, field: InputField, value: object) -> object:
    kind = field.type
    if kind == "file_input":
        return _get_file(actor, value)
    if "users" in kind:
        return actor.get_user_id(str(value))
    if "channels" in kind or "conversations" in kind:
        return actor.get_user_or_channel_id(str(value))
    if element_options(field.element):
        return _get_shown_option(field.element, value)
    if kind == "datetimepicker":
        return _parse_timestamp(value)
    return value if kind in EXTERNAL_SELECTS or kind == "rich_text_input" else str(value)


def _parse_timestamp(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise LookupError("That is not a date and time.") from None


def _get_shown_option(element: Json, selected: object) -> Json:
    value = selected.get("value") if isinstance(selected, dict) else None
    for option in element_options(element):
        if option.get("value") == value:
            return option
    raise LookupError("There is no such option.")


def _get_file(actor: Actor, value: object) -> Json:
    """Return an existing file by its id, or store a new one from its base64 content."""
    fields = value if isinstance(value, dict) else {}
    state = actor.state
    upload = state.uploads.find(fields.get("id"))
    if upload is None:
        content = b64decode(str(fields.get("content", "")))
        upload = Upload(
            id=state.ids.new_id("F"),
            filename=str(fields.get("name", "file")),
            length_bytes=len(content),
            created=state.now(),
            user=actor.member.id,
            content=content,
            is_completed=True,
        )
        state.uploads.add(upload)
    return file_object(upload, team_id=state.team_id, domain=state.team_domain)
