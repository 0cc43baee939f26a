"""Clicks on buttons and menus in messages, modals and the Home tab."""

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
    """A clicked element: its action and, for a menu, its field and new state."""

    action: Json
    field: InputField | None = None
    state: Json | None = None


async def click(actor: Actor, surface: Surface, name: str, value: str | None) -> None:
    """Click an element by its visible name.

    Raises:
        LookupError: the surface does not show this name, or the surface is gone.
    """
    target = _get_target(actor, surface, name, value)
    if isinstance(surface, Message):
        await act_in_message(actor, surface, target)
    else:
        await act_in_view(actor, _get_view(actor, surface), target)


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
    """Return this person's current choices in the message's menus."""
    values = actor.state.values_by_message.setdefault((message.ts, actor.member.id), {})
    for field in input_fields(message.blocks, actor.state.display_name):
        block_values = values.setdefault(field.block_id, {})
        block_values.setdefault(field.action_id, initial_state(field.element))
    return values


def get_post(actor: Actor, message: Message) -> Post:
    store = actor.state.messages
    if message.is_ephemeral:
        post = store.find_ephemeral(message.channel, message.ts, actor.member.id)
    else:
        post = store.find(message.channel, message.ts)
    if post is None:
        raise LookupError("The message is gone.")
    return post


def _get_view(actor: Actor, surface: Modal | HomeTab) -> View:
    views = actor.state.views
    view = (
        views.home_tab(actor.member.id)
        if isinstance(surface, HomeTab)
        else views.top_modal(actor.member.id)
    )
    if view is None or view.id != surface.id:
        raise LookupError("That view is no longer open.")
    return view


def _get_target(actor: Actor, surface: Surface, name: str, value: str | None) -> ClickTarget:
    for block, element in interactive_elements(surface.blocks):
        target = _find_target(actor, block, element, name, value)
        if target:
            return target
    available = ", ".join(sorted(set(_clickable_names(actor, surface))))
    raise LookupError(f"There is no {name!r} to click here, only: {available or 'nothing'}.")


def _find_target(
    actor: Actor, block: Json, element: Json, name: str, value: str | None
) -> ClickTarget | None:
    resolve_name = actor.state.display_name
    base = {"block_id": block["block_id"], **pick_keys(element, "action_id", "type")}
    if element["type"] == "button":
        has_name = text_content(element["text"], resolve_name) == name
        has_value = value in (None, element.get("value"))
        action = {**base, **pick_keys(element, "text", "value", "style", "url")}
        return ClickTarget(action) if has_name and has_value else None
    if element["type"] == "overflow":
        options = element["options"]
        if name not in [text_content(option["text"], resolve_name) for option in options]:
            return None
        selected_option = get_option(name, options, resolve_name)
        return ClickTarget({**base, "selected_option": selected_option})
    for field in input_fields([block], resolve_name) if value is not None else ():
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


def _clickable_names(actor: Actor, surface: Surface) -> Iterator[str]:
    for _, element in interactive_elements(surface.blocks):
        if element["type"] == "button":
            yield text_content(element["text"], actor.state.display_name)
        elif element["type"] == "overflow":
            yield from (
                text_content(o["text"], actor.state.display_name) for o in element["options"]
            )
    yield from (field.label for field in input_fields(surface.blocks, actor.state.display_name))
