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
from models.messages.block_kit import View
from models.people.member import Member
from models.ticket_service import TicketService


def register(app: AsyncApp) -> None:
    """Listen for the command, the form, and the buttons beside the tokens."""
    app.command("/ticket", matchers=[subcommand_matcher(Subcommand.TOKEN)])(open_form)
    app.view(api_token_form.CALLBACK)(issue_token)
    app.action(api_token_form.REVOKE)(revoke_own_token)
    app.action(api_token_form.SHOW_MEMBER_TOKENS)(show_member_tokens)
    app.action(api_token_form.REVOKE_AS_ADMIN)(revoke_member_token)


async def open_form(
    ack: AsyncAck, command: Payload, service: TicketService, background: BackgroundTasks
) -> None:
    """Open a modal before the trigger expires, then load the member and their tokens."""
    title = api_token_form.TITLE
    view_id = await open_view(service.slack, command, loading_view(title))
    form = _render_form(service, command)
    background.start(fill_view(service.slack, view_id, form, title=title))
    await ack()


async def _render_form(service: TicketService, command: Payload) -> View:
    member = await identity.member_with_profile(service, command)
    tokens = await _load_tokens(service, member.team_id, member.slack_id)
    return api_token_form.render(member, tokens)


async def issue_token(ack: AsyncAck, body: Payload, service: TicketService) -> None:
    """Issue the token and show it to its owner; a form that is sent twice shows the same token."""
    member = await identity.identify_member(service, body)
    name, scopes, lifetime = api_token_form.read(body["view"], member)
    token, api_token = await service.api_tokens.issue_token(
        member,
        name=name,
        scopes=scopes,
        lifetime=lifetime,
        idempotency_key=f"view:{body['view']['id']}",
    )
    await service.audit_log.record(
        member,
        "issued token",
        member.slack_id,
        after=api_token.audit_fields() | {"until": api_token.expires_at.isoformat()},
        idempotency_key=f"issued:{api_token.id}",
    )
    public_url = service.settings.public_url
    view = api_token_form.render_new_token(token, api_token, public_url=public_url)
    await ack(response_action="update", view=view)


async def revoke_own_token(
    ack: AsyncAck, body: Payload, service: TicketService, background: BackgroundTasks
) -> None:
    """Revoke one of the member's own tokens, and show the remaining ones."""
    member = await identity.identify_member(service, body)
    await _revoke(service, body, actor=member)
    tokens = await _load_tokens(service, member.team_id, member.slack_id)
    view = api_token_form.render(member, tokens)
    background.start(redraw_view(service.slack, body, view))
    await ack()


async def show_member_tokens(ack: AsyncAck, body: Payload, service: TicketService) -> None:
    """Show an admin the tokens of the picked member."""
    admin = await identity.require_admin(service, body)
    slack_id = action_value(body)
    tokens = await _load_tokens(service, admin.team_id, slack_id)
    view = api_token_form.render_for_admin(slack_id, tokens)
    await push_view(service.slack, body, view)
    await ack()


async def revoke_member_token(
    ack: AsyncAck, body: Payload, service: TicketService, background: BackgroundTasks
) -> None:
    """Revoke a token of any member as an admin, and show the member's remaining tokens."""
    admin = await identity.require_admin(service, body)
    api_token = await _revoke(service, body, actor=admin)
    tokens = await _load_tokens(service, api_token.team_id, api_token.slack_id)
    view = api_token_form.render_for_admin(api_token.slack_id, tokens)
    background.start(redraw_view(service.slack, body, view))
    await ack()


async def _revoke(service: TicketService, body: Payload, *, actor: Member) -> ApiToken:
    api_token = await service.api_tokens.revoke_token(action_value(body), actor=actor)
    await service.audit_log.record(
        actor,
        "revoked token",
        api_token.slack_id,
        before=api_token.audit_fields(),
        idempotency_key=f"revoked:{api_token.id}",
    )
    return api_token


async def _load_tokens(service: TicketService, team_id: str, slack_id: str) -> list[ApiToken]:
    return await service.api_tokens.active_tokens(team_id, slack_id)
