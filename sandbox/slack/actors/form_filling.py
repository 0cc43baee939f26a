"""Filling in a modal by its visible labels and option texts."""

from sandbox.slack.actors.actor import Actor
from sandbox.slack.actors.clicks import ClickTarget, act_in_view
from sandbox.slack.content.input_elements import (
    EXTERNAL_SELECTS,
    InputField,
    element_options,
    initial_state,
    is_multi_value,
    resolve_choice,
    to_state,
)
from sandbox.slack.content.visible_text import text_content
from sandbox.slack.delivery import request_payloads
from sandbox.slack.delivery.acks import MalformedAck, parse_options_ack
from sandbox.slack.delivery.delivery import DeliveryOutcome
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.views import View

FieldValue = str | list[str] | None


async def fill(actor: Actor, view: View, label: str, value: FieldValue) -> None:
    """Set a field's value by its label.

    Raises:
        LookupError: the modal does not show this label or option.
    """
    field = get_field(view, label)
    state = await _resolve_state(actor, view, field, value)
    view.set_state(field, state)
    actor.state.notify_change()
    if field.dispatches_action:
        action = {"action_id": field.action_id, "block_id": field.block_id, **state}
        await act_in_view(actor, view, ClickTarget(action))


def get_field(view: View, label: str) -> InputField:
    for field in view.fields():
        if field.label == label:
            return field
    available = ", ".join(field.label for field in view.fields())
    raise LookupError(f"There is no field {label!r} here, only: {available or 'none'}.")


async def _resolve_state(actor: Actor, view: View, field: InputField, value: FieldValue) -> Json:
    if value is None or value in ("", []):
        return empty_state(field.element)
    is_multi = is_multi_value(field.element)
    names = value if isinstance(value, list) else [value]
    if len(names) > 1 and not is_multi:
        raise LookupError(f"{field.label!r} takes only one value.")
    choices = [await _resolve_value(actor, view, field, name) for name in names]
    return to_state(field.element, choices if is_multi else choices[0])


def empty_state(element: Json) -> Json:
    """Return the state of an element with no value, not even its initial one."""
    return initial_state(
        {key: value for key, value in element.items() if not key.startswith("initial_")}
    )


async def _resolve_value(actor: Actor, view: View, field: InputField, value: str) -> object:
    options = element_options(field.element)
    if field.type in EXTERNAL_SELECTS:
        options = await search_options(actor, view, field, value)
    resolve_id = actor.get_user_id if "users" in field.type else actor.get_user_or_channel_id
    return resolve_choice(
        field.element,
        value,
        options=options,
        resolve_name=actor.state.display_name,
        resolve_id=resolve_id,
    )


async def search_options(actor: Actor, view: View, field: InputField, typed: str) -> list[Json]:
    """Return the app's options for a text typed into an external select."""
    container = {
        "container": {"type": "view", "view_id": view.id},
        "view": actor.state.view_object(view),
    }
    return await fetch_options(actor, container, field, typed)


async def fetch_options(actor: Actor, container: Json, field: InputField, typed: str) -> list[Json]:
    """Return the app's options; with fewer than `min_query_length` characters, none."""
    if len(typed) < field.element.get("min_query_length", 3):
        return []
    element = {"action_id": field.action_id, "block_id": field.block_id}
    payload = request_payloads.block_suggestion(
        actor.state, actor.member, container, element=element, value=typed
    )
    ack = await actor.send_interaction(payload)
    try:
        options = parse_options_ack(ack) if ack.ok else []
    except MalformedAck:
        actor.add_alert(DeliveryOutcome.FAILED.value)
        return []
    actor.alert_on_failure(ack)
    return options


def option_texts(actor: Actor, options: list[Json]) -> list[str]:
    return [text_content(option["text"], actor.state.display_name) for option in options]
