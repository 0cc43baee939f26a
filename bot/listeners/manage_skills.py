"""An admin keeps the list of skills, and menus of skills are filled as people type."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import acting
from bot.background import Background
from bot.views import skills_form
from bot.views.fields import SEARCH_SKILLS
from bot.views.sentence import sentence_view
from models import arranging
from models.desk import Desk
from models.errors import DeskError, OutsideError
from models.wording import escape

_SLACK_SILENT = "Slack did not show the form. Please try again."


def register(app: AsyncApp) -> None:
    """Listen for the button, the typing in menus, the skill picked, and the forms."""
    app.action(skills_form.OPEN)(open_skills)
    app.options(SEARCH_SKILLS)(offer_skills)
    app.options(skills_form.PICK)(offer_skills)
    app.action(skills_form.PICK)(show_skill)
    app.view(skills_form.CALLBACK)(save_skill)
    app.action(skills_form.REMOVE)(ask_to_remove)
    app.view(skills_form.CONFIRM)(remove_skill)


async def open_skills(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Show the form on top of the one about people."""
    await acting.admin(desk, body)
    try:
        await desk.slack.push_view(body["trigger_id"], skills_form.draw())
    except OutsideError as error:
        raise DeskError(_SLACK_SILENT) from error
    await ack()


async def offer_skills(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Answer with the skills that what was typed may mean."""
    team_id = (await acting.admin(desk, body)).team_id
    configuration = await desk.store.configuration(team_id)
    await ack(options=skills_form.offered(configuration, body.get("value") or ""))


async def show_skill(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Show the skill picked, or the form for a new one when none is, before it is filled in."""
    team_id = (await acting.admin(desk, body)).team_id
    name = skills_form.picked(body)
    skill = (await desk.store.configuration(team_id)).skill(name) if name else None
    try:
        await desk.slack.update_view(body["view"]["id"], skills_form.draw(skill))
    except OutsideError as error:
        raise DeskError(_SLACK_SILENT) from error
    await ack()


async def save_skill(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Change the skill, merge it, or add it; open tickets follow after the answer."""
    admin = await acting.admin(desk, body)
    team_id = admin.team_id
    wanted = skills_form.read(body["view"], await desk.store.configuration(team_id))
    before, after = wanted.name, wanted.into or wanted.skill.name
    if before and wanted.into:
        await arranging.merge_skill(desk, admin, before, wanted.into)
        says = f"*{escape(before)}* is merged into *{escape(after)}*."
    else:
        await arranging.save_skill(desk, admin, before, wanted.skill)
        says = f"*{escape(after)}* is saved."
    if before and before != after:
        background.start(arranging.tickets_follow(desk, team_id, before, after))
        says += " People have it under its new name; open tickets follow."
    await ack(response_action="update", view=sentence_view(says, title=skills_form.TITLE))


async def ask_to_remove(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Remove a skill that nobody uses; ask first when somebody does."""
    admin = await acting.admin(desk, body)
    name = str(body["actions"][0]["value"])
    people = await arranging.people_with(desk, admin.team_id, name)
    tickets = len(await arranging.tickets_with(desk, admin.team_id, name))
    try:
        if people or tickets:
            question = skills_form.ask(name, people=people, tickets=tickets)
            await desk.slack.push_view(body["trigger_id"], question)
        else:
            await arranging.remove_skill(desk, admin, name)
            background.start(desk.slack.update_view(body["view"]["id"], _removed(name)))
    except OutsideError as error:
        raise DeskError(_SLACK_SILENT) from error
    await ack()


async def remove_skill(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Remove a skill from the list and from people; open tickets follow after the answer."""
    admin = await acting.admin(desk, body)
    view = body["view"]
    name = str(view["private_metadata"])
    await arranging.remove_skill(desk, admin, name)
    background.start(arranging.tickets_follow(desk, admin.team_id, name, None))
    if below := view.get("previous_view_id"):
        background.start(desk.slack.update_view(below, skills_form.draw()))
    await ack(response_action="update", view=_removed(name))


def _removed(name: str) -> dict[str, Any]:
    return sentence_view(f"*{escape(name)}* is removed.", title=skills_form.TITLE)
