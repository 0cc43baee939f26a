"""Admins add, change and remove categories."""

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.taxonomy import categories_form
from bot.background import BackgroundTasks
from bot.payload import Payload, action_value
from bot.ui.open_view import push_view, redraw_view, update_view
from bot.ui.views import notice_view
from models.access.directory_sync import DirectorySync
from models.admin.taxonomy import TaxonomyAdmin
from models.messages.slack_client import SlackClient
from models.text import escape
from models.triage.taxonomy_store import TaxonomyStore


def register(app: AsyncApp) -> None:
    """Listen for the button, for the category picked, and for the form."""
    app.action(categories_form.OPEN)(open_categories)
    app.action(categories_form.PICK)(show_category)
    app.view(categories_form.CALLBACK)(save_category)
    app.action(categories_form.REMOVE)(remove_category)


async def open_categories(
    ack: AsyncAck,
    body: Payload,
    *,
    slack: SlackClient,
    taxonomies: TaxonomyStore,
    directory: DirectorySync,
) -> None:
    """Push the form for a new category."""
    team_id = (await identity.require_admin(body, directory=directory)).team_id
    form = categories_form.render(await taxonomies.get_taxonomy(team_id))
    await push_view(slack, body, form)
    await ack()


async def show_category(
    ack: AsyncAck,
    body: Payload,
    *,
    slack: SlackClient,
    taxonomies: TaxonomyStore,
    directory: DirectorySync,
) -> None:
    """Show the picked category before the admin can fill in anything."""
    team_id = (await identity.require_admin(body, directory=directory)).team_id
    current_taxonomy = await taxonomies.get_taxonomy(team_id)
    form = categories_form.render(current_taxonomy, categories_form.selected_category(body))
    await update_view(slack, body, form)
    await ack()


async def save_category(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    taxonomies: TaxonomyStore,
    directory: DirectorySync,
    taxonomy_admin: TaxonomyAdmin,
) -> None:
    """Change or add the category, and rename it in open tickets in the background."""
    admin = await identity.require_admin(body, directory=directory)
    team_id = admin.team_id
    current_taxonomy = await taxonomies.get_taxonomy(team_id)
    name, category = categories_form.read(body["view"], current_taxonomy)
    await taxonomy_admin.save_category(admin, name, category)
    if name and name != category.name:
        background.start(taxonomy_admin.rename_category_in_tickets(team_id, name, category.name))
    notice = notice_view(f"*{escape(category.name)}* is saved.", title=categories_form.TITLE)
    await ack(response_action="update", view=notice)


async def remove_category(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    directory: DirectorySync,
    taxonomy_admin: TaxonomyAdmin,
) -> None:
    """Remove a category; the button has asked for confirmation."""
    admin = await identity.require_admin(body, directory=directory)
    name = action_value(body)
    await taxonomy_admin.remove_category(admin, name)
    notice = notice_view(f"*{escape(name)}* is removed.", title=categories_form.TITLE)
    background.start(redraw_view(slack, body, notice))
    await ack()
