"""Members create and revoke API tokens with `/ticket token`; admins revoke tokens of others."""

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.integrations import api_token_form
from bot.background import BackgroundTasks
from bot.payload import Payload, action_value
from bot.subcommand import Subcommand, subcommand_matcher
from bot.ui.open_view import fill_view, open_view, push_view, redraw_view
from bot.ui.views import loading_view
from models.access.api_token import ApiToken
from models.access.audit_log import AuditLog
from models.access.directory_sync import DirectorySync
from models.access.token_store import ApiTokenStore
from models.messages.block_kit import View
from models.messages.slack_client import SlackClient
from models.people.member import Member
from models.people.store import MemberStore
from models.settings import Settings


def register(app: AsyncApp) -> None:
    """Listen for the command, the form, and the buttons beside the tokens."""
    app.command("/ticket", matchers=[subcommand_matcher(Subcommand.TOKEN)])(open_form)
    app.view(api_token_form.CALLBACK)(issue_token)
    app.action(api_token_form.REVOKE)(revoke_own_token)
    app.action(api_token_form.SHOW_MEMBER_TOKENS)(show_member_tokens)
    app.action(api_token_form.REVOKE_AS_ADMIN)(revoke_member_token)


async def open_form(
    ack: AsyncAck,
    command: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    api_tokens: ApiTokenStore,
    directory: DirectorySync,
) -> None:
    """Open a modal before the trigger expires, then load the member and their tokens."""
    title = api_token_form.TITLE
    view_id = await open_view(slack, command, loading_view(title))
    form = _render_form(command, api_tokens=api_tokens, directory=directory)
    background.start(fill_view(slack, view_id, form, title=title))
    await ack()


async def _render_form(
    command: Payload, *, api_tokens: ApiTokenStore, directory: DirectorySync
) -> View:
    member = await identity.member_with_profile(command, directory=directory)
    tokens = await _load_tokens(member.team_id, member.slack_id, api_tokens=api_tokens)
    return api_token_form.render(member, tokens)


async def issue_token(
    ack: AsyncAck,
    body: Payload,
    *,
    settings: Settings,
    members: MemberStore,
    audit_log: AuditLog,
    api_tokens: ApiTokenStore,
) -> None:
    """Issue the token and show it to its owner; a form that is sent twice shows the same token."""
    member = await identity.identify_member(body, members=members)
    name, scopes, lifetime = api_token_form.read(body["view"], member)
    token, api_token = await api_tokens.issue_token(
        member,
        name=name,
        scopes=scopes,
        lifetime=lifetime,
        idempotency_key=f"view:{body['view']['id']}",
    )
    await audit_log.record(
        member,
        "issued token",
        member.slack_id,
        after=api_token.audit_fields() | {"until": api_token.expires_at.isoformat()},
        idempotency_key=f"issued:{api_token.id}",
    )
    public_url = settings.public_url
    view = api_token_form.render_new_token(token, api_token, public_url=public_url)
    await ack(response_action="update", view=view)


async def revoke_own_token(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    members: MemberStore,
    audit_log: AuditLog,
    api_tokens: ApiTokenStore,
) -> None:
    """Revoke one of the member's own tokens, and show the remaining ones."""
    member = await identity.identify_member(body, members=members)
    await _revoke(body, actor=member, audit_log=audit_log, api_tokens=api_tokens)
    tokens = await _load_tokens(member.team_id, member.slack_id, api_tokens=api_tokens)
    view = api_token_form.render(member, tokens)
    background.start(redraw_view(slack, body, view))
    await ack()


async def show_member_tokens(
    ack: AsyncAck,
    body: Payload,
    *,
    slack: SlackClient,
    api_tokens: ApiTokenStore,
    directory: DirectorySync,
) -> None:
    """Show an admin the tokens of the picked member."""
    admin = await identity.require_admin(body, directory=directory)
    slack_id = action_value(body)
    tokens = await _load_tokens(admin.team_id, slack_id, api_tokens=api_tokens)
    view = api_token_form.render_for_admin(slack_id, tokens)
    await push_view(slack, body, view)
    await ack()


async def revoke_member_token(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    audit_log: AuditLog,
    api_tokens: ApiTokenStore,
    directory: DirectorySync,
) -> None:
    """Revoke a token of any member as an admin, and show the member's remaining tokens."""
    admin = await identity.require_admin(body, directory=directory)
    api_token = await _revoke(body, actor=admin, audit_log=audit_log, api_tokens=api_tokens)
    tokens = await _load_tokens(api_token.team_id, api_token.slack_id, api_tokens=api_tokens)
    view = api_token_form.render_for_admin(api_token.slack_id, tokens)
    background.start(redraw_view(slack, body, view))
    await ack()


async def _revoke(
    body: Payload, *, actor: Member, audit_log: AuditLog, api_tokens: ApiTokenStore
) -> ApiToken:
    api_token = await api_tokens.revoke_token(action_value(body), actor=actor)
    await audit_log.record(
        actor,
        "revoked token",
        api_token.slack_id,
        before=api_token.audit_fields(),
        idempotency_key=f"revoked:{api_token.id}",
    )
    return api_token


async def _load_tokens(team_id: str, slack_id: str, *, api_tokens: ApiTokenStore) -> list[ApiToken]:
    return await api_tokens.active_tokens(team_id, slack_id)
