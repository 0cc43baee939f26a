"""reactions.*: emoji under messages."""

from sandbox.slack import happenings
from sandbox.slack.errors import SlackError
from sandbox.slack.messages import Post
from sandbox.slack.methods.call import Call, Method, names
from sandbox.slack.rates import Tier
from sandbox.slack.shapes import Json


def _target(call: Call) -> Post:
    if not (call.text("channel") and call.text("timestamp")):
        raise SlackError("no_item_specified")
    channel = call.channel()
    post = call.state.board.find(channel.id, call.text("timestamp"))
    if post is None:
        raise SlackError("message_not_found")
    return post


def _name(call: Call) -> str:
    name = call.text("name").strip(":")
    if not name or " " in name:
        raise SlackError("invalid_name")
    return name


def add(call: Call) -> Json:
    post, name, bot = _target(call), _name(call), call.state.app.bot_user_id
    users = post.reactions.setdefault(name, [])
    if bot in users:
        raise SlackError("already_reacted")
    users.append(bot)
    _tell(call, post, name, added=True)
    return {"ok": True}


def remove(call: Call) -> Json:
    post, name, bot = _target(call), _name(call), call.state.app.bot_user_id
    users = post.reactions.get(name, [])
    if bot not in users:
        raise SlackError("no_reaction")
    users.remove(bot)
    if not users:
        del post.reactions[name]
    _tell(call, post, name, added=False)
    return {"ok": True}


def _tell(call: Call, post: Post, name: str, *, added: bool) -> None:
    state = call.state
    event = happenings.reaction(state, post, user=state.app.bot_user_id, name=name, added=added)
    state.emit(event)
    state.changed()


_ERRORS = "channel_not_found message_not_found no_item_specified invalid_name "

METHODS = (
    Method(
        name="reactions.add",
        run=add,
        tier=Tier.THREE,
        required=("name", "timestamp", "channel"),
        scopes=("reactions:write",),
        errors=names(_ERRORS + "already_reacted"),
    ),
    Method(
        name="reactions.remove",
        run=remove,
        tier=Tier.TWO,
        required=("name",),
        scopes=("reactions:write",),
        errors=names(_ERRORS + "no_reaction"),
    ),
)
