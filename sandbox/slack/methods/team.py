"""team.info: the workspace itself."""

from sandbox.slack.methods.call import Method, MethodCall, to_error_names
from sandbox.slack.primitives.errors import SlackError
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.rate_limits import Tier


def info(call: MethodCall) -> Json:
    state = call.state
    if call.text("team") not in ("", state.team_id):
        raise SlackError("team_not_found")
    icons: Json = {
        f"image_{size}": f"https://a.slack-edge.com/80588/img/avatars-teams/ava_{size}.png"
        for size in (34, 44, 68, 88, 102, 132, 230)
    }
    domain = state.team_domain
    return {
        "ok": True,
        "team": {
            "id": state.team_id,
            "name": state.team_name,
            "domain": domain,
            "url": f"https://{domain}.slack.com/",
            "email_domain": "",
            "is_verified": False,
            "icon": icons | {"image_default": True},
        },
    }


METHODS = (
    Method(
        name="team.info",
        run=info,
        tier=Tier.THREE,
        scopes=("team:read",),
        errors=to_error_names("team_not_found"),
    ),
)
