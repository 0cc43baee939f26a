"""A person presses Submit or Close in a modal."""

from collections.abc import Iterator

from sandbox.slack.actors.actor import Actor
from sandbox.slack.content.input_elements import InputField, is_state_empty, state_value
from sandbox.slack.delivery import request_payloads
from sandbox.slack.delivery.acks import (
    CONNECTION_TROUBLE_TEXT,
    ClearViews,
    CloseView,
    MalformedAck,
    PushView,
    ResponseAction,
    ShowErrors,
    UpdateView,
    parse_submission_ack,
)
from sandbox.slack.primitives.errors import SlackError
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.views import View

REQUIRED_TEXT = "Please complete this required field."


async def submit(actor: Actor, view: View) -> None:
    """Slack's own client checks first; only a complete form is sent."""
    if not view.spec.get("submit"):
        raise LookupError("This modal has no submit button.")
    view.errors = dict(_find_field_errors(view))
    actor.state.notify_change()
    if view.errors:
        return
    payload = request_payloads.view_submission(
        actor.state, actor.member, view, response_urls=list(_make_response_urls(actor, view))
    )
    ack = await actor.send_interaction(payload)
    if not ack.ok:
        actor.add_alert(CONNECTION_TROUBLE_TEXT)
        return
    try:
        _apply_response_action(actor, view, parse_submission_ack(ack, view))
    except (MalformedAck, SlackError):
        actor.add_alert(CONNECTION_TROUBLE_TEXT)
    actor.state.notify_change()


def _apply_response_action(actor: Actor, view: View, action: ResponseAction) -> None:
    views = actor.state.views
    match action:
        case CloseView():
            views.close(view)
        case ClearViews():
            views.clear_stack(actor.member.id)
        case ShowErrors(errors=errors):
            view.errors = dict(errors)
        case UpdateView(spec=spec):
            views.update(view, spec)
        case PushView(spec=spec):
            views.push(spec, owner=actor.member.id)


async def close(actor: Actor, view: View) -> None:
    """The app hears of it only if the view asked for that."""
    actor.state.views.close(view)
    closed = [view]
    if view.spec.get("clear_on_close"):
        closed += actor.state.views.clear_stack(actor.member.id)
    actor.state.notify_change()
    for one in closed:
        if one.spec.get("notify_on_close"):
            payload = request_payloads.view_closed(
                actor.state, actor.member, one, is_cleared=len(closed) > 1
            )
            await actor.send_interaction(payload)


def _find_field_errors(view: View) -> Iterator[tuple[str, str]]:
    for field in view.fields():
        if not field.is_input:
            continue
        state = view.values[field.block_id][field.action_id]
        if is_state_empty(state):
            if field.is_required:
                yield field.block_id, REQUIRED_TEXT
        elif complaint := _field_error(field, str(state_value(state))):
            yield field.block_id, complaint


def _field_error(field: InputField, text: str) -> str:
    """What the client itself checks of a text; the wording is ours, Slack's is not recorded."""
    element = field.element
    if len(text) < element.get("min_length", 0):
        return f"Must be at least {element['min_length']} characters."
    if "max_length" in element and len(text) > element["max_length"]:
        return f"Must be at most {element['max_length']} characters."
    if field.type == "email_text_input" and "@" not in text:
        return "Must be a valid email address."
    if field.type == "url_text_input" and "://" not in text:
        return "Must be a valid URL."
    if field.type == "number_input":
        return _number_error(element, text)
    return ""


def _number_error(element: Json, text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        return "Must be a number."
    if not element.get("is_decimal_allowed") and "." in text:
        return "Must be a whole number."
    low, high = element.get("min_value"), element.get("max_value")
    if low is not None and number < float(low):
        return f"Must be at least {low}."
    if high is not None and number > float(high):
        return f"Must be at most {high}."
    return ""


def _make_response_urls(actor: Actor, view: View) -> Iterator[Json]:
    """One for each conversation picked in an input that asks for it."""
    for field in view.fields():
        picked = state_value(view.values[field.block_id][field.action_id])
        if field.element.get("response_url_enabled") and isinstance(picked, str):
            url = actor.state.response_urls.create(
                "app", team=actor.state.team_id, user=actor.member.id, channel=picked
            )
            yield {
                "block_id": field.block_id,
                "action_id": field.action_id,
                "channel_id": picked,
                "response_url": request_payloads.full_response_url(actor.state, url),
            }
