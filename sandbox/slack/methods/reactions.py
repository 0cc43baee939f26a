"""reactions.*: emoji reactions to messages."""

from sandbox.slack.delivery import event_payloads
from sandbox.slack.entities.messages import Post
from sandbox.slack.methods.call import Method, MethodCall, to_error_names
from sandbox.slack.primitives.errors import SlackError
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.rate_limits import Tier


def _get_post(call: MethodCall) -> Post:
    if not (call.text("channel") and call.text("timestamp")):
        raise SlackError("no_item_specified")
    channel = call.channel()
    post = call.state.messages.find(channel.id, call.text("timestamp"))
    if post is None:
        raise SlackError("message_not_found")
    return post


def _get_emoji_name(call: MethodCall) -> str:
    name = call.text("name").strip(":")
    if not name or " " in name:
        raise SlackError("invalid_name")
    return name


def add(call: MethodCall) -> Json:
    post, name, bot = _get_post(call), _get_emoji_name(call), call.state.app.bot_user_id
    users = post.reactions.setdefault(name, [])
    if bot in users:
        raise SlackError("already_reacted")
    users.append(bot)
    _emit_reaction(call, post, name, is_added=True)
    return {"ok": True}


def remove(call: MethodCall) -> Json:
    post, name, bot = _get_post(call), _get_emoji_name(call), call.state.app.bot_user_id
    users = post.reactions.get(name, [])
    if bot not in users:
        raise SlackError("no_reaction")
    users.remove(bot)
    if not users:
        del post.reactions[name]
    _emit_reaction(call, post, name, is_added=False)
    return {"ok": True}


def _emit_reaction(call: MethodCall, post: Post, name: str, *, is_added: bool) -> None:
    state = call.state
    event = event_payloads.reaction_changed(
        state, post, user=state.app.bot_user_id, name=name, is_added=is_added
    )
    state.emit(event)
    state.notify_change()


_ERRORS = "channel_not_found message_not_found no_item_specified invalid_name "

METHODS = (
    Method(
        name="reactions.add",
        run=add,
        tier=Tier.THREE,
        required_arguments=("name", "timestamp", "channel"),
        scopes=("reactions:write",),
        errors=to_error_names(_ERRORS + "already_reacted"),
    ),
    Method(
        name="reactions.remove",
        run=remove,
        tier=Tier.TWO,
        required_arguments=("name",),
        scopes=("reactions:write",),
        errors=to_error_names(_ERRORS + "no_reaction"),
    ),
)
