"""A person presses Submit or Close in a modal."""

from collections.abc import Iterator

from sandbox.slack import payloads
from sandbox.slack.acks import (
    TROUBLE,
    ClearViews,
    CloseView,
    Decision,
    MalformedAck,
    PushView,
    ShowErrors,
    UpdateView,
    read_submission,
)
from sandbox.slack.door import Hand
from sandbox.slack.errors import SlackError
from sandbox.slack.inputs import Field, held, is_empty
from sandbox.slack.shapes import Json
from sandbox.slack.views import View

REQUIRED = "Please complete this required field."


async def submit(hand: Hand, view: View) -> None:
    """Slack's own client checks first; only a complete form is sent."""
    if not view.spec.get("submit"):
        raise LookupError("This modal has no submit button.")
    view.errors = dict(_incomplete(view))
    hand.state.changed()
    if view.errors:
        return
    payload = payloads.view_submission(
        hand.state, hand.member, view, response_urls=list(_response_urls(hand, view))
    )
    ack = await hand.interact(payload)
    if not ack.ok:
        hand.alert(TROUBLE)
        return
    try:
        _follow(hand, view, read_submission(ack, view))
    except (MalformedAck, SlackError):
        hand.alert(TROUBLE)
    hand.state.changed()


def _follow(hand: Hand, view: View, decision: Decision) -> None:
    views = hand.state.views
    match decision:
        case CloseView():
            views.close(view)
        case ClearViews():
            views.clear_stack(hand.member.id)
        case ShowErrors(errors=errors):
            view.errors = dict(errors)
        case UpdateView(spec=spec):
            views.update(view, spec)
        case PushView(spec=spec):
            views.push(spec, owner=hand.member.id)


async def close(hand: Hand, view: View) -> None:
    """The app hears of it only if the view asked for that."""
    hand.state.views.close(view)
    closed = [view]
    if view.spec.get("clear_on_close"):
        closed += hand.state.views.clear_stack(hand.member.id)
    hand.state.changed()
    for one in closed:
        if one.spec.get("notify_on_close"):
            payload = payloads.view_closed(hand.state, hand.member, one, is_cleared=len(closed) > 1)
            await hand.interact(payload)


def _incomplete(view: View) -> Iterator[tuple[str, str]]:
    for field in view.fields():
        if not field.is_input:
            continue
        state = view.values[field.block_id][field.action_id]
        if is_empty(state):
            if field.required:
                yield field.block_id, REQUIRED
        elif complaint := _complaint(field, str(held(state))):
            yield field.block_id, complaint


def _complaint(field: Field, text: str) -> str:
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
        return _number_complaint(element, text)
    return ""


def _number_complaint(element: Json, text: str) -> str:
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


def _response_urls(hand: Hand, view: View) -> Iterator[Json]:
    """One for each conversation picked in an input that asks for it."""
    for field in view.fields():
        picked = held(view.values[field.block_id][field.action_id])
        if field.element.get("response_url_enabled") and isinstance(picked, str):
            url = hand.state.response_urls.new(
                "app", team=hand.state.team_id, user=hand.member.id, channel=picked
            )
            yield {
                "block_id": field.block_id,
                "action_id": field.action_id,
                "channel_id": picked,
                "response_url": payloads.url_of(hand.state, url),
            }
