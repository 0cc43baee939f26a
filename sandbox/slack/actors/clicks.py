"""A person clicks: a button, a menu's option, in a message, a modal or on the Home tab."""

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.slack.actors.actor import Actor
from sandbox.slack.actors.rendered import HomeTab, Message, Modal
from sandbox.slack.content.input_elements import (
    InputField,
    element_options,
    get_option,
    initial_state,
    input_fields,
    resolve_choice,
    to_state,
)
from sandbox.slack.content.visible_text import interactive_elements, text_content
from sandbox.slack.delivery import request_payloads
from sandbox.slack.entities.messages import Post
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.views import StateValues, View

Surface = Message | Modal | HomeTab


@dataclass(frozen=True, slots=True)
class ClickTarget:
    """What was clicked, the action it makes, and (of a menu) what it now holds."""

    action: Json
    field: InputField | None = None
    state: Json | None = None


async def click(actor: Actor, surface: Surface, name: str, value: str | None) -> None:
    """Raises LookupError when nothing of that name was shown, or it is no longer there."""
    hit = _get_target(actor, surface, name, value)
    if isinstance(surface, Message):
        await act_in_message(actor, surface, hit)
    else:
        await act_in_view(actor, _get_view(actor, surface), hit)


async def act_in_view(actor: Actor, view: View, target: ClickTarget) -> None:
    if target.field and target.state:
        view.set_state(target.field, target.state)
    payload = request_payloads.view_actions(
        actor.state, actor.member, view, actions=[target.action]
    )
    actor.alert_on_failure(await actor.send_interaction(payload), in_modal=not view.is_home)


async def act_in_message(actor: Actor, message: Message, target: ClickTarget) -> None:
    post = get_post(actor, message)
    channel = actor.state.channels.find(message.channel)
    if channel is None:
        raise LookupError("The conversation is gone.")
    values = message_values(actor, message)
    if target.field and target.state:
        values[target.field.block_id][target.field.action_id] = target.state
    payload = request_payloads.message_actions(
        actor.state,
        actor.member,
        channel,
        post,
        message=message.raw,
        values=values,
        actions=[target.action],
    )
    actor.alert_on_failure(await actor.send_interaction(payload))


def message_values(actor: Actor, message: Message) -> StateValues:
    """What this person has chosen in the message's menus so far."""
    kept = actor.state.values_by_message.setdefault((message.ts, actor.member.id), {})
    for one in input_fields(message.blocks, actor.state.display_name):
        block = kept.setdefault(one.block_id, {})
        block.setdefault(one.action_id, initial_state(one.element))
    return kept


def get_post(actor: Actor, message: Message) -> Post:
    board = actor.state.messages
    if message.is_ephemeral:
        post = board.find_ephemeral(message.channel, message.ts, actor.member.id)
    else:
        post = board.find(message.channel, message.ts)
    if post is None:
        raise LookupError("The message is gone.")
    return post


def _get_view(actor: Actor, where: Modal | HomeTab) -> View:
    views = actor.state.views
    view = (
        views.home_tab(actor.member.id)
        if isinstance(where, HomeTab)
        else views.top_modal(actor.member.id)
    )
    if view is None or view.id != where.id:
        raise LookupError("That view is no longer open.")
    return view


def _get_target(actor: Actor, where: Surface, name: str, value: str | None) -> ClickTarget:
    for block, element in interactive_elements(where.blocks):
        hit = _find_target(actor, block, element, name, value)
        if hit:
            return hit
    there = ", ".join(sorted(set(_clickable_names(actor, where))))
    raise LookupError(f"There is no {name!r} to click here, only: {there or 'nothing'}.")


def _find_target(
    actor: Actor, block: Json, element: Json, name: str, value: str | None
) -> ClickTarget | None:
    names = actor.state.display_name
    base = {"block_id": block["block_id"], **pick_keys(element, "action_id", "type")}
    if element["type"] == "button":
        fits = text_content(element["text"], names) == name and value in (
            None,
            element.get("value"),
        )
        action = {**base, **pick_keys(element, "text", "value", "style", "url")}
        return ClickTarget(action) if fits else None
    if element["type"] == "overflow":
        fits = name in [text_content(option["text"], names) for option in element["options"]]
        chosen_one = get_option(name, element["options"], names) if fits else None
        return ClickTarget({**base, "selected_option": chosen_one}) if fits else None
    for field in input_fields([block], names) if value is not None else ():
        if field.element is element and field.label == name:
            return _menu_target(actor, field, base, str(value))
    return None


def _menu_target(actor: Actor, field: InputField, base: Json, value: str) -> ClickTarget:
    element = field.element
    choice = resolve_choice(
        element,
        value,
        options=element_options(element),
        resolve_name=actor.state.display_name,
        resolve_id=actor.get_user_or_channel_id,
    )
    state = to_state(element, choice)
    return ClickTarget(
        {**base, **state, **pick_keys(element, "placeholder")}, field=field, state=state
    )


def pick_keys(element: Json, *keys: str) -> Json:
    return {key: element[key] for key in keys if key in element}


def _clickable_names(actor: Actor, where: Surface) -> Iterator[str]:
    for _, element in interactive_elements(where.blocks):
        if element["type"] == "button":
            yield text_content(element["text"], actor.state.display_name)
        elif element["type"] == "overflow":
            yield from (
                text_content(o["text"], actor.state.display_name) for o in element["options"]
            )
    yield from (one.label for one in input_fields(where.blocks, actor.state.display_name))
