"""Somebody gets a token, sees those they have, revokes one: `/ticket token`; admins, anybody's."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import acting
from bot.background import Background
from bot.subcommand import Word, subcommand
from bot.views import token_form
from bot.views.sentence import sentence_view
from models.account import Issued
from models.desk import Desk
from models.errors import DeskError, OutsideError
from models.member import Member

_SLACK_SILENT = "Slack does not answer just now. Please close this and try again."


def register(app: AsyncApp) -> None:
    """Listen for the command, the form, and the buttons beside the tokens."""
    app.command("/ticket", matchers=[subcommand(Word.TOKEN)])(open_form)
    app.view(token_form.CALLBACK)(issue_token)
    app.action(token_form.REVOKE)(revoke_own)
    app.action(token_form.TOKENS_OF)(show_tokens_of)
    app.action(token_form.REVOKE_OF)(revoke_of)


async def open_form(
    ack: AsyncAck, command: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Open a modal at once, since the trigger lives three seconds; then ask who this is."""
    try:
        waiting = sentence_view("One moment …", title=token_form.TITLE)
        view_id = await desk.slack.open_view(command["trigger_id"], waiting)
    except OutsideError as error:
        raise DeskError("Slack did not open the form. Please try again.") from error
    background.start(_fill(desk, view_id, command))
    await ack()


async def _fill(desk: Desk, view_id: str, command: dict[str, Any]) -> None:
    try:
        person = await acting.acquaintance(desk, command)
        view = token_form.draw(person, await _tokens(desk, person.team_id, person.slack_id))
    except DeskError as refused:
        view = sentence_view(str(refused), title=token_form.TITLE)
    except OutsideError:
        view = sentence_view(_SLACK_SILENT, title=token_form.TITLE)
    await desk.slack.update_view(view_id, view)


async def issue_token(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Issue the token and show it, to that person alone; the same form again, the same token."""
    person = await acting.member(desk, body)
    name, scopes, life = token_form.read(body["view"], person)
    token, issued = await desk.accounts.issue(
        person, name=name, scopes=scopes, life=life, key=f"view:{body['view']['id']}"
    )
    await desk.accounts.note(
        person,
        "issued token",
        person.slack_id,
        after=issued.said() | {"until": issued.expires_at.isoformat()},
        key=f"issued:{issued.id}",
    )
    public_url = desk.settings.public_url
    view = token_form.shown(token, issued, public_url=public_url)
    await ack(response_action="update", view=view)


async def revoke_own(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Have one of one's own tokens count no more, and show those that are left."""
    person = await acting.member(desk, body)
    await _revoke(desk, body, by=person)
    tokens = await _tokens(desk, person.team_id, person.slack_id)
    view = token_form.draw(person, tokens)
    background.start(desk.slack.update_view(body["view"]["id"], view))
    await ack()


async def show_tokens_of(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Show an admin the tokens of the person they have picked."""
    admin = await acting.admin(desk, body)
    slack_id = body["actions"][0]["value"]
    tokens = await _tokens(desk, admin.team_id, slack_id)
    try:
        await desk.slack.push_view(body["trigger_id"], token_form.draw_of(slack_id, tokens))
    except OutsideError as error:
        raise DeskError("Slack did not open the page. Please try again.") from error
    await ack()


async def revoke_of(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Have anybody's token count no more, and show those that are left to them."""
    admin = await acting.admin(desk, body)
    issued = await _revoke(desk, body, by=admin)
    tokens = await _tokens(desk, issued.team_id, issued.slack_id)
    view = token_form.draw_of(issued.slack_id, tokens)
    background.start(desk.slack.update_view(body["view"]["id"], view))
    await ack()


async def _revoke(desk: Desk, body: dict[str, Any], *, by: Member) -> Issued:
    issued = await desk.accounts.revoke(body["actions"][0]["value"], by=by)
    key = f"revoked:{issued.id}"
    to = issued.slack_id
    await desk.accounts.note(by, "revoked token", to, before=issued.said(), key=key)
    return issued


async def _tokens(desk: Desk, team_id: str, slack_id: str) -> list[Issued]:
    return await desk.accounts.issued_to(team_id, slack_id)
