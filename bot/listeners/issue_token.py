"""Somebody issues a token to a program of theirs, or revokes one: `/ticket token`."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import acting
from bot.background import Background
from bot.subcommand import subcommand
from bot.views import token_form
from bot.views.sentence import sentence_view
from models.desk import Desk
from models.errors import DeskError, OutsideError
from models.member import Member


def register(app: AsyncApp) -> None:
    """Listen for the command, for the form, and for the buttons in it."""
    app.command("/ticket", matchers=[subcommand("token")])(open_tokens)
    app.view(token_form.CALLBACK)(issue_token)
    app.action(token_form.REVOKE)(revoke_token)


async def open_tokens(
    ack: AsyncAck, command: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Open a modal at once, since the trigger lives three seconds; then look what there is."""
    try:
        waiting = sentence_view("One moment …", title=token_form.TITLE)
        view_id = await desk.slack.open_view(command["trigger_id"], waiting)
    except OutsideError as error:
        raise DeskError("Slack did not open the form. Please try again.") from error
    background.start(_fill(desk, view_id, command))
    await ack()


async def issue_token(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Issue it, and show it this once; the same form sent again shows the same token."""
    member = await acting.member(desk, body)
    wanted = token_form.read(body["view"], member)
    token, issued = await desk.accounts.issue(
        member, key=wanted.key, name=wanted.name, scopes=wanted.scopes, life=wanted.life
    )
    await desk.accounts.note(
        member,
        "issued token",
        issued.id,
        after={"name": issued.name, "scopes": list(issued.scopes)},
        once=issued.id,
    )
    url = desk.settings.public_url
    docs = f"{url.rstrip('/')}/api/docs" if url else None
    await ack(response_action="update", view=token_form.shown_once(token, issued, docs_url=docs))


async def revoke_token(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Have it count no more, and show what is left."""
    member = await acting.member(desk, body)
    issued = await desk.accounts.revoke(body["actions"][0].get("value", ""), by=member)
    await desk.accounts.note(
        member, "revoked token", issued.id, before={"name": issued.name}, once=issued.id
    )
    background.start(_show(desk, body["view"]["id"], member))
    await ack()


async def _fill(desk: Desk, view_id: str, command: dict[str, Any]) -> None:
    try:
        member = await acting.member(desk, command)
    except DeskError as refused:
        view = sentence_view(str(refused), title=token_form.TITLE)
        await desk.slack.update_view(view_id, view)
        return
    await _show(desk, view_id, member)


async def _show(desk: Desk, view_id: str, member: Member) -> None:
    try:
        view = token_form.draw(
            member, await desk.accounts.issued_to(member.team_id, member.slack_id)
        )
    except DeskError as refused:
        view = sentence_view(str(refused), title=token_form.TITLE)
    await desk.slack.update_view(view_id, view)
