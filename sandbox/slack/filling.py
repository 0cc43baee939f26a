"""A person fills in a modal: by the labels they see, with the words they would pick."""

from sandbox.slack import payloads
from sandbox.slack.acks import MalformedAck, read_options
from sandbox.slack.clicking import Hit, act_in_view
from sandbox.slack.delivery import Outcome
from sandbox.slack.door import Hand
from sandbox.slack.inputs import (
    EXTERNAL,
    Field,
    chosen,
    holds_several,
    initial_state,
    options_of,
    state_of,
)
from sandbox.slack.screen import text_of
from sandbox.slack.shapes import Json
from sandbox.slack.views import View

Value = str | list[str] | None


async def fill(hand: Hand, view: View, label: str, value: Value) -> None:
    """Raises LookupError for a label or an option that is not there."""
    field = field_called(view, label)
    state = await _state(hand, view, field, value)
    view.keep(field, state)
    hand.state.changed()
    if field.dispatches:
        action = {"action_id": field.action_id, "block_id": field.block_id, **state}
        await act_in_view(hand, view, Hit(action))


def field_called(view: View, label: str) -> Field:
    for one in view.fields():
        if one.label == label:
            return one
    there = ", ".join(one.label for one in view.fields())
    raise LookupError(f"There is no field {label!r} here, only: {there or 'none'}.")


async def _state(hand: Hand, view: View, field: Field, value: Value) -> Json:
    if value is None or value in ("", []):
        return emptied(field.element)
    several = holds_several(field.element)
    wanted = value if isinstance(value, list) else [value]
    if len(wanted) > 1 and not several:
        raise LookupError(f"{field.label!r} holds one thing only.")
    choices = [await _choice(hand, view, field, one) for one in wanted]
    return state_of(field.element, choices if several else choices[0])


def emptied(element: Json) -> Json:
    kept = {key: value for key, value in element.items() if not key.startswith("initial_")}
    return initial_state(kept)


async def _choice(hand: Hand, view: View, field: Field, value: str) -> object:
    options = options_of(field.element)
    if field.type in EXTERNAL:
        options = await search(hand, view, field, value)
    find = hand.find_person if "users" in field.type else hand.find_any
    return chosen(field.element, value, options=options, names=hand.state.name_of, find=find)


async def search(hand: Hand, view: View, field: Field, typed: str) -> list[Json]:
    """What the app offers for what was typed into an external select."""
    where = {
        "container": {"type": "view", "view_id": view.id},
        "view": hand.state.shown(view),
    }
    return await offered(hand, where, field, typed)


async def offered(hand: Hand, where: Json, field: Field, typed: str) -> list[Json]:
    """What the app answers; it is not asked before enough was typed."""
    if len(typed) < field.element.get("min_query_length", 3):
        return []
    element = {"action_id": field.action_id, "block_id": field.block_id}
    payload = payloads.suggestion(hand.state, hand.member, where, element=element, value=typed)
    ack = await hand.interact(payload)
    try:
        options = read_options(ack) if ack.ok else []
    except MalformedAck:
        hand.alert(Outcome.FAILED.value)
        return []
    hand.alert_unless_ok(ack)
    return options


def option_texts(hand: Hand, options: list[Json]) -> list[str]:
    return [text_of(option["text"], hand.state.name_of) for option in options]
