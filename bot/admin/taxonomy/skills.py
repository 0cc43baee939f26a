"""Admins add, rename, merge and remove skills; menus of skills get their options here."""

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.taxonomy import skills_form
from bot.background import BackgroundTasks
from bot.payload import Payload, action_value
from bot.ui.form_fields import SEARCH_SKILLS
from bot.ui.open_view import push_view, redraw_view, update_view
from bot.ui.views import notice_view
from models.access.directory_sync import DirectorySync
from models.admin.taxonomy import TaxonomyAdmin
from models.messages.slack_client import SlackClient
from models.people.store import MemberStore
from models.text import escape
from models.ticket_store.store import TicketStore
from models.triage.taxonomy_store import TaxonomyStore


def register(app: AsyncApp) -> None:
    """Listen for the button, the typing in menus, the skill picked, and the forms."""
    app.action(skills_form.OPEN)(open_skills)
    app.options(SEARCH_SKILLS)(offer_skills)
    app.options(skills_form.PICK)(offer_skills)
    app.action(skills_form.PICK)(show_skill)
    app.view(skills_form.CALLBACK)(save_skill)
    app.action(skills_form.REMOVE)(remove_skill)


async def open_skills(
    ack: AsyncAck, body: Payload, *, slack: SlackClient, directory: DirectorySync
) -> None:
    """Push the form for a new skill."""
    await identity.require_admin(body, directory=directory)
    await push_view(slack, body, skills_form.render())
    await ack()


async def offer_skills(
    ack: AsyncAck, body: Payload, *, taxonomies: TaxonomyStore, directory: DirectorySync
) -> None:
    """Answer with the skills that match the typed text."""
    team_id = (await identity.require_admin(body, directory=directory)).team_id
    current_taxonomy = await taxonomies.get_taxonomy(team_id)
    await ack(options=skills_form.skill_options(current_taxonomy, body.get("value") or ""))


async def show_skill(
    ack: AsyncAck,
    body: Payload,
    *,
    slack: SlackClient,
    members: MemberStore,
    tickets: TicketStore,
    taxonomies: TaxonomyStore,
    directory: DirectorySync,
) -> None:
    """Show the picked skill, or an empty form, before the admin can fill in anything."""
    team_id = (await identity.require_admin(body, directory=directory)).team_id
    form = skills_form.render()
    if name := action_value(body):
        skill = (await taxonomies.get_taxonomy(team_id)).get_skill(name)
        people = await members.count_with_skill(team_id, skill.name)
        ticket_ids = await tickets.open_ticket_ids_with_skill(team_id, skill.name)
        form = skills_form.render(skill, people=people, tickets=len(ticket_ids))
    await update_view(slack, body, form)
    await ack()


async def save_skill(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    taxonomies: TaxonomyStore,
    directory: DirectorySync,
    taxonomy_admin: TaxonomyAdmin,
) -> None:
    """Change, merge or add the skill, and update open tickets in the background."""
    admin = await identity.require_admin(body, directory=directory)
    team_id = admin.team_id
    skill_input = skills_form.read(body["view"], await taxonomies.get_taxonomy(team_id))
    before, after = skill_input.current_name, skill_input.merge_into or skill_input.skill.name
    if before and skill_input.merge_into:
        await taxonomy_admin.merge_skill(admin, before, skill_input.merge_into)
        text = f"*{escape(before)}* is merged into *{escape(after)}*."
    else:
        await taxonomy_admin.save_skill(admin, before, skill_input.skill)
        text = f"*{escape(after)}* is saved."
    if before and before != after:
        background.start(taxonomy_admin.rename_skill_in_tickets(team_id, before, after))
        text += " Members have the new name now. Open tickets get it in a moment."
    await ack(response_action="update", view=notice_view(text, title=skills_form.TITLE))


async def remove_skill(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    directory: DirectorySync,
    taxonomy_admin: TaxonomyAdmin,
) -> None:
    """Remove the skill from the list and from members, and from open tickets in the background.

    The button has asked for confirmation.
    """
    admin = await identity.require_admin(body, directory=directory)
    name = action_value(body)
    await taxonomy_admin.remove_skill(admin, name)
    background.start(taxonomy_admin.rename_skill_in_tickets(admin.team_id, name, None))
    notice = notice_view(f"*{escape(name)}* is removed.", title=skills_form.TITLE)
    background.start(redraw_view(slack, body, notice))
    await ack()
