"""A person clicks: a button, a menu's option, in a message, a modal or on the Home tab."""

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.slack import payloads
from sandbox.slack.door import Hand
from sandbox.slack.inputs import (
    Field,
    chosen,
    fields_of,
    initial_state,
    option_called,
    options_of,
    state_of,
)
from sandbox.slack.messages import Post
from sandbox.slack.screen import elements_of, text_of
from sandbox.slack.seen import Home, Message, Modal
from sandbox.slack.shapes import Json
from sandbox.slack.views import Values, View

Where = Message | Modal | Home


@dataclass(frozen=True, slots=True)
class Hit:
    """What was clicked, the action it makes, and (of a menu) what it now holds."""

    action: Json
    field: Field | None = None
    state: Json | None = None


async def click(hand: Hand, where: Where, name: str, value: str | None) -> None:
    """Raises LookupError when nothing of that name was shown, or it is no longer there."""
    hit = _find(hand, where, name, value)
    if isinstance(where, Message):
        await act_in_message(hand, where, hit)
    else:
        await act_in_view(hand, _view(hand, where), hit)


async def act_in_view(hand: Hand, view: View, hit: Hit) -> None:
    if hit.field and hit.state:
        view.keep(hit.field, hit.state)
    payload = payloads.view_actions(hand.state, hand.member, view, actions=[hit.action])
    hand.alert_unless_ok(await hand.interact(payload), in_modal=not view.is_home)


async def act_in_message(hand: Hand, seen: Message, hit: Hit) -> None:
    post = post_of(hand, seen)
    channel = hand.state.channels.get(seen.channel)
    if channel is None:
        raise LookupError("The conversation is gone.")
    values = message_values(hand, seen)
    if hit.field and hit.state:
        values[hit.field.block_id][hit.field.action_id] = hit.state
    payload = payloads.message_actions(
        hand.state,
        hand.member,
        channel,
        post,
        message=seen.raw,
        values=values,
        actions=[hit.action],
    )
    hand.alert_unless_ok(await hand.interact(payload))


def message_values(hand: Hand, seen: Message) -> Values:
    """What this person has chosen in the message's menus so far."""
    kept = hand.state.message_values.setdefault((seen.ts, hand.member.id), {})
    for one in fields_of(seen.blocks, hand.state.name_of):
        block = kept.setdefault(one.block_id, {})
        block.setdefault(one.action_id, initial_state(one.element))
    return kept


def post_of(hand: Hand, seen: Message) -> Post:
    board = hand.state.board
    if seen.ephemeral:
        post = board.find_whisper(seen.channel, seen.ts, hand.member.id)
    else:
        post = board.find(seen.channel, seen.ts)
    if post is None:
        raise LookupError("The message is gone.")
    return post


def _view(hand: Hand, where: Modal | Home) -> View:
    views = hand.state.views
    view = views.home(hand.member.id) if isinstance(where, Home) else views.top(hand.member.id)
    if view is None or view.id != where.id:
        raise LookupError("That view is no longer open.")
    return view


def _find(hand: Hand, where: Where, name: str, value: str | None) -> Hit:
    for block, element in elements_of(where.blocks):
        hit = _hit(hand, block, element, name, value)
        if hit:
            return hit
    there = ", ".join(sorted(set(_clickable(hand, where))))
    raise LookupError(f"There is no {name!r} to click here, only: {there or 'nothing'}.")


def _hit(hand: Hand, block: Json, element: Json, name: str, value: str | None) -> Hit | None:
    names = hand.state.name_of
    base = {"block_id": block["block_id"], **carried(element, "action_id", "type")}
    if element["type"] == "button":
        fits = text_of(element["text"], names) == name and value in (None, element.get("value"))
        action = {**base, **carried(element, "text", "value", "style", "url")}
        return Hit(action) if fits else None
    if element["type"] == "overflow":
        fits = name in [text_of(option["text"], names) for option in element["options"]]
        chosen_one = option_called(name, element["options"], names) if fits else None
        return Hit({**base, "selected_option": chosen_one}) if fits else None
    for field in fields_of([block], names) if value is not None else ():
        if field.element is element and field.label == name:
            return _menu_hit(hand, field, base, str(value))
    return None


def _menu_hit(hand: Hand, field: Field, base: Json, value: str) -> Hit:
    element = field.element
    choice = chosen(
        element,
        value,
        options=options_of(element),
        names=hand.state.name_of,
        find=hand.find_any,
    )
    state = state_of(element, choice)
    return Hit({**base, **state, **carried(element, "placeholder")}, field=field, state=state)


def carried(element: Json, *keys: str) -> Json:
    return {key: element[key] for key in keys if key in element}


def _clickable(hand: Hand, where: Where) -> Iterator[str]:
    for _, element in elements_of(where.blocks):
        if element["type"] == "button":
            yield text_of(element["text"], hand.state.name_of)
        elif element["type"] == "overflow":
            yield from (text_of(o["text"], hand.state.name_of) for o in element["options"])
    yield from (one.label for one in fields_of(where.blocks, hand.state.name_of))
