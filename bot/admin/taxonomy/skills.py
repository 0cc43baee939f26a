"""An admin keeps the list of skills, and menus of skills are filled as people type."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.taxonomy import skills_form
from bot.background import BackgroundTasks
from bot.ui.form_fields import SEARCH_SKILLS
from bot.ui.notice_view import notice_view
from models.admin import taxonomy
from models.errors import ExternalServiceError, UserFacingError
from models.text import escape
from models.ticket_service import TicketService

_SLACK_UNAVAILABLE_TEXT = "Slack did not show the form. Please try again."


def register(app: AsyncApp) -> None:
    """Listen for the button, the typing in menus, the skill picked, and the forms."""
    app.action(skills_form.OPEN)(open_skills)
    app.options(SEARCH_SKILLS)(offer_skills)
    app.options(skills_form.PICK)(offer_skills)
    app.action(skills_form.PICK)(show_skill)
    app.view(skills_form.CALLBACK)(save_skill)
    app.action(skills_form.REMOVE)(confirm_skill_removal)
    app.view(skills_form.CONFIRM)(remove_skill)


async def open_skills(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Show the form on top of the one about people."""
    await identity.require_admin(service, body)
    try:
        await service.slack.push_view(body["trigger_id"], skills_form.render())
    except ExternalServiceError as error:
        raise UserFacingError(_SLACK_UNAVAILABLE_TEXT) from error
    await ack()


async def offer_skills(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Answer with the skills that what was typed may mean."""
    team_id = (await identity.require_admin(service, body)).team_id
    configuration = await service.taxonomies.get_taxonomy(team_id)
    await ack(options=skills_form.skill_options(configuration, body.get("value") or ""))


async def show_skill(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Show the skill picked, or the form for a new one when none is, before it is filled in."""
    team_id = (await identity.require_admin(service, body)).team_id
    name = skills_form.selected_skill(body)
    skill = (await service.taxonomies.get_taxonomy(team_id)).get_skill(name) if name else None
    try:
        await service.slack.update_view(body["view"]["id"], skills_form.render(skill))
    except ExternalServiceError as error:
        raise UserFacingError(_SLACK_UNAVAILABLE_TEXT) from error
    await ack()


async def save_skill(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Change the skill, merge it, or add it; open tickets follow after the answer."""
    admin = await identity.require_admin(service, body)
    team_id = admin.team_id
    wanted = skills_form.read(body["view"], await service.taxonomies.get_taxonomy(team_id))
    before, after = wanted.current_name, wanted.merge_into or wanted.skill.name
    if before and wanted.merge_into:
        await taxonomy.merge_skill(service, admin, before, wanted.merge_into)
        says = f"*{escape(before)}* is merged into *{escape(after)}*."
    else:
        await taxonomy.save_skill(service, admin, before, wanted.skill)
        says = f"*{escape(after)}* is saved."
    if before and before != after:
        background.start(taxonomy.rename_skill_in_tickets(service, team_id, before, after))
        says += " People have it under its new name; open tickets follow."
    await ack(response_action="update", view=notice_view(says, title=skills_form.TITLE))


async def confirm_skill_removal(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Remove a skill that nobody uses; ask first when somebody does."""
    admin = await identity.require_admin(service, body)
    name = str(body["actions"][0]["value"])
    people = await taxonomy.count_people_with_skill(service, admin.team_id, name)
    tickets = len(await taxonomy.find_open_ticket_ids_with_skill(service, admin.team_id, name))
    try:
        if people or tickets:
            question = skills_form.render_removal_question(name, people=people, tickets=tickets)
            await service.slack.push_view(body["trigger_id"], question)
        else:
            await taxonomy.remove_skill(service, admin, name)
            background.start(service.slack.update_view(body["view"]["id"], _removed_notice(name)))
    except ExternalServiceError as error:
        raise UserFacingError(_SLACK_UNAVAILABLE_TEXT) from error
    await ack()


async def remove_skill(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Remove a skill from the list and from people; open tickets follow after the answer."""
    admin = await identity.require_admin(service, body)
    view = body["view"]
    name = str(view["private_metadata"])
    await taxonomy.remove_skill(service, admin, name)
    background.start(taxonomy.rename_skill_in_tickets(service, admin.team_id, name, None))
    if below := view.get("previous_view_id"):
        background.start(service.slack.update_view(below, skills_form.render()))
    await ack(response_action="update", view=_removed_notice(name))


def _removed_notice(name: str) -> dict[str, Any]:
    return notice_view(f"*{escape(name)}* is removed.", title=skills_form.TITLE)
