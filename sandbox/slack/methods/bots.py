"""bots.info: the profile of the app's bot."""

from sandbox.slack.methods.call import Method, MethodCall, to_error_names
from sandbox.slack.primitives.errors import SlackError
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.rate_limits import Tier


def info(call: MethodCall) -> Json:
    bot_id = call.text("bot")
    if bot_id and bot_id != call.state.app.bot_id:
        raise SlackError("bot_not_found")
    profile = call.state.bot_profile()
    public_keys = ("id", "deleted", "name", "updated", "app_id", "icons")
    bot = {key: profile[key] for key in public_keys} | {"user_id": call.state.app.bot_user_id}
    return {"ok": True, "bot": bot}


METHODS = (
    Method(
        name="bots.info",
        run=info,
        tier=Tier.THREE,
        scopes=("users:read",),
        errors=to_error_names("bot_not_found"),
    ),
)
