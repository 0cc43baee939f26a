"""auth.*, apps.connections.open and oauth.v2.access: identity, connections and tokens."""

from sandbox.slack.delivery import event_payloads
from sandbox.slack.methods.call import Method, MethodCall, to_error_names
from sandbox.slack.primitives.errors import SlackError
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.credentials import TokenKind
from sandbox.slack.state.rate_limits import Tier


def test(call: MethodCall) -> Json:
    state = call.state
    return {
        "ok": True,
        "url": f"https://{state.team_domain}.slack.com/",
        "team": state.team_name,
        "user": state.app.bot_name.lower().replace(" ", ""),
        "team_id": state.team_id,
        "user_id": state.app.bot_user_id,
        "bot_id": state.app.bot_id,
        "is_enterprise_install": False,
    }


def revoke(call: MethodCall) -> Json:
    if call.flag("test"):
        return {"ok": True, "revoked": False}
    call.state.credentials.revoke(call.token)
    call.state.emit(event_payloads.tokens_revoked(call.state))
    return {"ok": True, "revoked": True}


def open_connection(call: MethodCall) -> Json:
    return {"ok": True, "url": call.state.new_socket_url()}


def oauth_access(call: MethodCall) -> Json:
    credentials = call.state.credentials
    if call.text("client_id") != credentials.client_id:
        raise SlackError("invalid_client_id")
    if call.text("client_secret") != credentials.client_secret:
        raise SlackError("bad_client_secret")
    code = call.text("code")
    if code not in credentials.oauth_codes:
        raise SlackError("invalid_code")
    credentials.oauth_codes.discard(code)
    return _access_response(call)


def _access_response(call: MethodCall) -> Json:
    state = call.state
    installer = next((m for m in state.people if m.owner or m.admin), None)
    return {
        "ok": True,
        "app_id": state.app.app_id,
        "authed_user": {"id": installer.id if installer else ""},
        "scope": ",".join(sorted(state.manifest.bot_scopes)),
        "token_type": "bot",
        "access_token": state.credentials.bot_token,
        "bot_user_id": state.app.bot_user_id,
        "team": {"id": state.team_id, "name": state.team_name},
        "enterprise": None,
        "is_enterprise_install": False,
    }


METHODS = (
    Method(name="auth.test", run=test, tier=Tier.SPECIAL),
    Method(name="auth.revoke", run=revoke, tier=Tier.THREE),
    Method(
        name="apps.connections.open",
        run=open_connection,
        tier=Tier.THREE,
        token_kind=TokenKind.APP,
    ),
    Method(
        name="oauth.v2.access",
        run=oauth_access,
        tier=Tier.SPECIAL,
        token_kind=None,
        errors=to_error_names("invalid_client_id bad_client_secret invalid_code"),
    ),
)
