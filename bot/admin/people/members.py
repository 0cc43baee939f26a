"""An admin picks a person and gives them a role and skills: `/ticket admin`."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.people import member_form
from bot.background import BackgroundTasks
from bot.subcommand import Subcommand, subcommand_matcher
from bot.ui.notice_view import notice_view
from models.admin import taxonomy
from models.admin.members import check_update, update_member
from models.errors import ExternalServiceError, InvalidInput, UserFacingError
from models.people.member import Member
from models.ticket_service import TicketService

_SLACK_UNAVAILABLE_TEXT = "Slack does not answer just now. Please close this and try again."


def register(app: AsyncApp) -> None:
    """Listen for the command, for the person picked, and for the form."""
    app.command("/ticket", matchers=[subcommand_matcher(Subcommand.ADMIN)])(open_team)
    app.action(member_form.PICK_PERSON)(show_member)
    app.view(member_form.CALLBACK)(save_member)


async def open_team(
    ack: AsyncAck, command: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Open a modal at once, since the trigger lives three seconds; then ask who this is."""
    try:
        waiting = notice_view("One moment …", title="People")
        view_id = await service.slack.open_view(command["trigger_id"], waiting)
    except ExternalServiceError as error:
        raise UserFacingError("Slack did not open the form. Please try again.") from error
    background.start(_fill_form(service, view_id, command))
    await ack()


async def _fill_form(service: TicketService, view_id: str, command: dict[str, Any]) -> None:
    """Put the form into the modal for an admin, the reason why not for anybody else."""
    try:
        person = await identity.require_admin(service, command)
        view = member_form.render(await service.taxonomies.get_taxonomy(person.team_id))
    except UserFacingError as refused:
        view = notice_view(str(refused), title="People")
    except ExternalServiceError:
        view = notice_view(_SLACK_UNAVAILABLE_TEXT, title="People")
    await service.slack.update_view(view_id, view)


async def show_member(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Show the role and skills of the person picked, before anything else can be filled in."""
    admin = await identity.require_admin(service, body)
    slack_id = member_form.selected_person(body)
    if slack_id:
        try:
            member = await service.member_with_profile(admin.team_id, slack_id)
            form = member_form.render(await service.taxonomies.get_taxonomy(admin.team_id), member)
            await service.slack.update_view(body["view"]["id"], form)
        except ExternalServiceError as error:
            raise UserFacingError(_SLACK_UNAVAILABLE_TEXT) from error
    await ack()


async def save_member(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Store the role and the skills, and say so."""
    admin = await identity.require_admin(service, body)
    team_id = admin.team_id
    decided = member_form.read(body["view"], await service.taxonomies.get_taxonomy(team_id))
    before = await service.members.get_or_create_member(team_id, decided.slack_id)
    changes = decided.changes_for(before)
    try:
        await check_update(service, before, before.model_copy(update=changes))
        if decided.new_skills:
            await taxonomy.add_skills(service, admin, *decided.new_skills)
        member = await update_member(service, admin, before, changes)
    except InvalidInput as refused:
        raise InvalidInput(member_form.errors_by_block_id(refused.fields, before)) from refused
    background.start(_apply_role_change(service, member))
    await ack(
        response_action="update",
        view=notice_view(member_form.confirmation_text(member), title="People"),
    )


async def _apply_role_change(service: TicketService, member: Member) -> None:
    """What follows from a role; should it not come to this, the worker looks every minute."""
    await service.reassign_orphaned_tickets(member.team_id)
    await service.member_with_profile(member.team_id, member.slack_id)
