"""Somebody gets a token, sees those they have, revokes one: `/ticket token`; admins, anybody's."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.integrations import api_token_form
from bot.background import BackgroundTasks
from bot.subcommand import Subcommand, subcommand_matcher
from bot.ui.notice_view import notice_view
from models.access.api_token import ApiToken
from models.errors import ExternalServiceError, UserFacingError
from models.people.member import Member
from models.ticket_service import TicketService

_SLACK_UNAVAILABLE_TEXT = "Slack does not answer just now. Please close this and try again."


def register(app: AsyncApp) -> None:
    """Listen for the command, the form, and the buttons beside the tokens."""
    app.command("/ticket", matchers=[subcommand_matcher(Subcommand.TOKEN)])(open_form)
    app.view(api_token_form.CALLBACK)(issue_token)
    app.action(api_token_form.REVOKE)(revoke_own_token)
    app.action(api_token_form.SHOW_MEMBER_TOKENS)(show_member_tokens)
    app.action(api_token_form.REVOKE_AS_ADMIN)(revoke_member_token)


async def open_form(
    ack: AsyncAck, command: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Open a modal at once, since the trigger lives three seconds; then ask who this is."""
    try:
        waiting = notice_view("One moment …", title=api_token_form.TITLE)
        view_id = await service.slack.open_view(command["trigger_id"], waiting)
    except ExternalServiceError as error:
        raise UserFacingError("Slack did not open the form. Please try again.") from error
    background.start(_fill_form(service, view_id, command))
    await ack()


async def _fill_form(service: TicketService, view_id: str, command: dict[str, Any]) -> None:
    try:
        person = await identity.member_with_profile(service, command)
        view = api_token_form.render(
            person, await _load_tokens(service, person.team_id, person.slack_id)
        )
    except UserFacingError as refused:
        view = notice_view(str(refused), title=api_token_form.TITLE)
    except ExternalServiceError:
        view = notice_view(_SLACK_UNAVAILABLE_TEXT, title=api_token_form.TITLE)
    await service.slack.update_view(view_id, view)


async def issue_token(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Issue the token and show it, to that person alone; the same form again, the same token."""
    person = await identity.identify_member(service, body)
    name, scopes, life = api_token_form.read(body["view"], person)
    token, issued = await service.api_tokens.issue_token(
        person,
        name=name,
        scopes=scopes,
        lifetime=life,
        idempotency_key=f"view:{body['view']['id']}",
    )
    await service.audit_log.record(
        person,
        "issued token",
        person.slack_id,
        after=issued.audit_fields() | {"until": issued.expires_at.isoformat()},
        idempotency_key=f"issued:{issued.id}",
    )
    public_url = service.settings.public_url
    view = api_token_form.render_new_token(token, issued, public_url=public_url)
    await ack(response_action="update", view=view)


async def revoke_own_token(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Have one of one's own tokens count no more, and show those that are left."""
    person = await identity.identify_member(service, body)
    await _revoke(service, body, by=person)
    tokens = await _load_tokens(service, person.team_id, person.slack_id)
    view = api_token_form.render(person, tokens)
    background.start(service.slack.update_view(body["view"]["id"], view))
    await ack()


async def show_member_tokens(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Show an admin the tokens of the person they have picked."""
    admin = await identity.require_admin(service, body)
    slack_id = body["actions"][0]["value"]
    tokens = await _load_tokens(service, admin.team_id, slack_id)
    try:
        await service.slack.push_view(
            body["trigger_id"], api_token_form.render_for_admin(slack_id, tokens)
        )
    except ExternalServiceError as error:
        raise UserFacingError("Slack did not open the page. Please try again.") from error
    await ack()


async def revoke_member_token(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Have anybody's token count no more, and show those that are left to them."""
    admin = await identity.require_admin(service, body)
    issued = await _revoke(service, body, by=admin)
    tokens = await _load_tokens(service, issued.team_id, issued.slack_id)
    view = api_token_form.render_for_admin(issued.slack_id, tokens)
    background.start(service.slack.update_view(body["view"]["id"], view))
    await ack()


async def _revoke(service: TicketService, body: dict[str, Any], *, by: Member) -> ApiToken:
    issued = await service.api_tokens.revoke_token(body["actions"][0]["value"], by=by)
    key = f"revoked:{issued.id}"
    to = issued.slack_id
    await service.audit_log.record(
        by, "revoked token", to, before=issued.audit_fields(), idempotency_key=key
    )
    return issued


async def _load_tokens(service: TicketService, team_id: str, slack_id: str) -> list[ApiToken]:
    return await service.api_tokens.active_tokens(team_id, slack_id)
