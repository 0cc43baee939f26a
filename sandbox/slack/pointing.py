"""A person points at an element, by the ids that a client of Slack's knows it by."""

from base64 import b64decode
from itertools import chain

from sandbox.slack import payloads
from sandbox.slack.clicking import (
    Hit,
    act_in_message,
    act_in_view,
    carried,
    message_values,
    post_of,
)
from sandbox.slack.door import Hand
from sandbox.slack.filling import emptied, offered, search
from sandbox.slack.inputs import (
    EXTERNAL,
    Field,
    fields_of,
    held,
    holds_several,
    is_empty,
    options_of,
    state_of,
)
from sandbox.slack.screen import elements_of
from sandbox.slack.seen import Message
from sandbox.slack.shapes import Json
from sandbox.slack.uploads import Upload, file_object
from sandbox.slack.views import View

GONE = "It is no longer there."


def open_view(hand: Hand, view_id: str) -> View:
    """The modal on top or the Home tab; nothing else can be pointed at."""
    views = hand.state.views
    for view in (views.top(hand.member.id), views.home(hand.member.id)):
        if view is not None and view.id == view_id:
            return view
    raise LookupError("That view is no longer open.")


async def press(
    hand: Hand, where: Message | View, block_id: str, action_id: str, state: Json | None
) -> None:
    """Click a button, or choose in a menu; LookupError when that was not shown."""
    block, element = _element(_blocks(where), block_id, action_id)
    hit = _hit(hand, block, element, state or {})
    if isinstance(where, View):
        await act_in_view(hand, where, hit)
        return
    if hit.field and hit.state:
        _keep(hand, where, hit.field, hit.state)
        if not hit.field.dispatches:
            return  # it goes along with what is clicked next
    await act_in_message(hand, where, hit)


async def put(hand: Hand, view: View, block_id: str, action_id: str, state: Json) -> None:
    """Have this stand in an input; the app hears of it by a press, or when all is submitted."""
    field = _field(hand, view.blocks, block_id, action_id)
    now = _state(hand, field, state)
    if now != view.values[block_id][action_id]:
        view.keep(field, now)
        hand.state.changed()


async def options(
    hand: Hand, where: Message | View, block_id: str, action_id: str, typed: str
) -> list[Json]:
    """What the app offers for what was typed into an external select."""
    field = _field(hand, _blocks(where), block_id, action_id)
    if isinstance(where, View):
        return await search(hand, where, field, typed)
    post, channel = post_of(hand, where), hand.state.channels.get(where.channel)
    if channel is None:
        raise LookupError(GONE)
    place = payloads.message_place(channel, post, message=where.raw)
    return await offered(hand, place, field, typed)


def _blocks(where: Message | View) -> list[Json]:
    if isinstance(where, View):
        return where.blocks
    attached = [one.get("blocks", ()) for one in where.raw.get("attachments", ())]
    return [*where.blocks, *chain.from_iterable(attached)]


def _keep(hand: Hand, message: Message, field: Field, state: Json) -> None:
    """What was chosen in a message is sent along with all that is done in it later."""
    block = message_values(hand, message).setdefault(field.block_id, {})
    block[field.action_id] = state


def _element(blocks: list[Json], block_id: str, action_id: str) -> tuple[Json, Json]:
    for block, element in elements_of(blocks):
        if (block.get("block_id"), element.get("action_id")) == (block_id, action_id):
            return block, element
    raise LookupError(GONE)


def _field(hand: Hand, blocks: list[Json], block_id: str, action_id: str) -> Field:
    block, element = _element(blocks, block_id, action_id)
    found = [
        one for one in fields_of([block], hand.state.name_of) if one.element is element
    ]  # a block may hold several
    if not found:
        raise LookupError("Nothing can be put in there.")
    return found[0]


def _hit(hand: Hand, block: Json, element: Json, state: Json) -> Hit:
    action = {"block_id": block["block_id"], **carried(element, "action_id", "type")}
    if element["type"] == "button":
        return Hit(action | carried(element, "text", "value", "style", "url"))
    if element["type"] == "overflow":
        return Hit(action | {"selected_option": _shown(element, state.get("selected_option"))})
    field = _field(hand, [block], str(block["block_id"]), str(element["action_id"]))
    now = _state(hand, field, state)
    return Hit({**action, **now, **carried(element, "placeholder")}, field=field, state=now)


def _state(hand: Hand, field: Field, given: Json) -> Json:
    """The state as Slack writes it, of nothing but what could be chosen."""
    empty = emptied(field.element)
    if given.get("type") != field.type:
        raise LookupError(f"That is no state of a {field.type}.")
    if not set(empty) <= set(given) or is_empty(given):
        return empty
    value = held(given)
    if isinstance(value, list) != holds_several(field.element):
        raise LookupError(f"That is no state of a {field.type}.")
    if isinstance(value, list):
        return state_of(field.element, [_one(hand, field, one) for one in value])
    return state_of(field.element, _one(hand, field, value))


def _one(hand: Hand, field: Field, value: object) -> object:
    kind = field.type
    if kind == "file_input":
        return _file(hand, value)
    if "users" in kind:
        return hand.find_person(str(value))
    if "channels" in kind or "conversations" in kind:
        return hand.find_any(str(value))
    if options_of(field.element):
        return _shown(field.element, value)
    if kind == "datetimepicker":
        return _whole(value)
    return value if kind in EXTERNAL or kind == "rich_text_input" else str(value)


def _whole(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise LookupError("That is no moment.") from None


def _shown(element: Json, wanted: object) -> Json:
    value = wanted.get("value") if isinstance(wanted, dict) else None
    for option in options_of(element):
        if option.get("value") == value:
            return option
    raise LookupError("There is no such option.")


def _file(hand: Hand, given: object) -> Json:
    """A file that is there already, or the bytes of a new one in base64."""
    known = given if isinstance(given, dict) else {}
    state = hand.state
    upload = state.uploads.get(known.get("id"))
    if upload is None:
        content = b64decode(str(known.get("content", "")))
        upload = Upload(
            id=state.ids.new("F"),
            filename=str(known.get("name", "file")),
            length=len(content),
            created=state.now(),
            user=hand.member.id,
            content=content,
            completed=True,
        )
        state.uploads.add(upload)
    return file_object(upload, team_id=state.team_id, domain=state.team_domain)
