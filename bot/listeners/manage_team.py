"""An admin picks a person and gives them a role and skills: `/ticket admin`."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import acting
from bot.background import Background
from bot.subcommand import Word, subcommand
from bot.views import member_form
from bot.views.sentence import sentence_view
from models import arranging
from models.appointing import appoint, check
from models.desk import Desk
from models.errors import DeskError, InvalidDraft, OutsideError
from models.member import Member

_SLACK_SILENT = "Slack does not answer just now. Please close this and try again."


def register(app: AsyncApp) -> None:
    """Listen for the command, for the person picked, and for the form."""
    app.command("/ticket", matchers=[subcommand(Word.ADMIN)])(open_team)
    app.action(member_form.PICK_PERSON)(show_member)
    app.view(member_form.CALLBACK)(save_member)


async def open_team(
    ack: AsyncAck, command: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Open a modal at once, since the trigger lives three seconds; then ask who this is."""
    try:
        waiting = sentence_view("One moment …", title="People")
        view_id = await desk.slack.open_view(command["trigger_id"], waiting)
    except OutsideError as error:
        raise DeskError("Slack did not open the form. Please try again.") from error
    background.start(_fill(desk, view_id, command))
    await ack()


async def _fill(desk: Desk, view_id: str, command: dict[str, Any]) -> None:
    """Put the form into the modal for an admin, the reason why not for anybody else."""
    try:
        person = await acting.admin(desk, command)
        view = member_form.draw(await desk.store.configuration(person.team_id))
    except DeskError as refused:
        view = sentence_view(str(refused), title="People")
    except OutsideError:
        view = sentence_view(_SLACK_SILENT, title="People")
    await desk.slack.update_view(view_id, view)


async def show_member(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Show the role and skills of the person picked, before anything else can be filled in."""
    admin = await acting.admin(desk, body)
    slack_id = member_form.picked(body)
    if slack_id:
        try:
            member = await desk.acquainted(admin.team_id, slack_id)
            form = member_form.draw(await desk.store.configuration(admin.team_id), member)
            await desk.slack.update_view(body["view"]["id"], form)
        except OutsideError as error:
            raise DeskError(_SLACK_SILENT) from error
    await ack()


async def save_member(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Store the role and the skills, and say so."""
    admin = await acting.admin(desk, body)
    team_id = admin.team_id
    decided = member_form.read(body["view"], await desk.store.configuration(team_id))
    before = await desk.store.member(team_id, decided.slack_id)
    changes = decided.of(before)
    try:
        await check(desk, before, before.model_copy(update=changes))
        if decided.new_skills:
            await arranging.add_skills(desk, admin, *decided.new_skills)
        member = await appoint(desk, admin, before, changes)
    except InvalidDraft as refused:
        raise InvalidDraft(member_form.at_fields(refused.fields, before)) from refused
    background.start(_follow(desk, member))
    await ack(
        response_action="update", view=sentence_view(member_form.saved(member), title="People")
    )


async def _follow(desk: Desk, member: Member) -> None:
    """What follows from a role; should it not come to this, the worker looks every minute."""
    await desk.take_back_orphans(member.team_id)
    await desk.acquainted(member.team_id, member.slack_id)
