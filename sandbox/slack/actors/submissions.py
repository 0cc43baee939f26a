"""Submitting and closing a modal."""

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
    """Submit a modal; Slack's client checks the fields first and sends only a valid form."""
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
    """Close a modal; the app gets `view_closed` only for views with `notify_on_close`."""
    actor.state.views.close(view)
    closed_views = [view]
    if view.spec.get("clear_on_close"):
        closed_views += actor.state.views.clear_stack(actor.member.id)
    actor.state.notify_change()
    for closed_view in closed_views:
        if closed_view.spec.get("notify_on_close"):
            payload = request_payloads.view_closed(
                actor.state, actor.member, closed_view, is_cleared=len(closed_views) > 1
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
        elif error := _field_error(field, str(state_value(state))):
            yield field.block_id, error


def _field_error(field: InputField, text: str) -> str:
    # Slack's client makes these checks. The texts are ours: no record has Slack's own.
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
    minimum, maximum = element.get("min_value"), element.get("max_value")
    if minimum is not None and number < float(minimum):
        return f"Must be at least {minimum}."
    if maximum is not None and number > float(maximum):
        return f"Must be at most {maximum}."
    return ""


def _make_response_urls(actor: Actor, view: View) -> Iterator[Json]:
    """Yield one response URL for each selected conversation with response_url_enabled."""
    for field in view.fields():
        channel_id = state_value(view.values[field.block_id][field.action_id])
        if field.element.get("response_url_enabled") and isinstance(channel_id, str):
            url = actor.state.response_urls.create(
                "app", team=actor.state.team_id, user=actor.member.id, channel=channel_id
            )
            yield {
                "block_id": field.block_id,
                "action_id": field.action_id,
                "channel_id": channel_id,
                "response_url": request_payloads.full_response_url(actor.state, url),
            }
