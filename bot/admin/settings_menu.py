"""The Settings menu behind `/ticket admin`, from which admins open every other page."""

from collections.abc import Iterator
from types import ModuleType

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin import workspace_settings_form
from bot.admin.integrations import webhooks_form
from bot.admin.people import member_form
from bot.admin.reports import ai_request_log_view, audit_log_view, health_view, triage_accuracy_view
from bot.admin.taxonomy import categories_form, dry_run_form, skills_form
from bot.background import BackgroundTasks
from bot.payload import Payload
from bot.subcommand import Subcommand, subcommand_matcher
from bot.ui.open_view import fill_view, open_view, redraw_view
from bot.ui.views import loading_view, page_view
from models.access.directory_sync import DirectorySync
from models.messages.block_kit import Block, View, button, header, section_with_button
from models.messages.slack_client import SlackClient

TITLE = "Settings"
_GROUPS: dict[str, tuple[tuple[ModuleType, str], ...]] = {
    "People": (
        (member_form, "Set roles, skills, absences and limits, and revoke API tokens."),
        (
            workspace_settings_form,
            "Set who may open tickets, the user group of moderators, minimum priorities and more.",
        ),
    ),
    "Triage": (
        (skills_form, "Add, rename, merge and remove skills, and set their synonyms."),
        (categories_form, "Set the keywords, minimum priority and privacy of each category."),
        (dry_run_form, "See how a request would be triaged and assigned."),
        (triage_accuracy_view, "See how often moderators agree with triage."),
    ),
    "Integrations": ((webhooks_form, "Send the events of tickets to other programs."),),
    "Operation": (
        (health_view, "Check all services, and retry failed steps."),
        (audit_log_view, "Read who changed what, and when."),
        (ai_request_log_view, "Read the texts that were sent to Gemini for a ticket."),
    ),
}


def register(app: AsyncApp) -> None:
    """Listen for `/ticket admin` and for the way back to the menu."""
    app.command("/ticket", matchers=[subcommand_matcher(Subcommand.ADMIN)])(open_settings)
    app.action(member_form.SHOW_SETTINGS)(show_settings)


async def open_settings(
    ack: AsyncAck,
    command: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    directory: DirectorySync,
) -> None:
    """Open a modal before the trigger expires, then check the role."""
    view_id = await open_view(slack, command, loading_view(TITLE))
    menu = _render_for_admin(command, directory=directory)
    background.start(fill_view(slack, view_id, menu, title=TITLE))
    await ack()


async def show_settings(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    directory: DirectorySync,
) -> None:
    await identity.require_admin(body, directory=directory)
    background.start(redraw_view(slack, body, render()))
    await ack()


async def _render_for_admin(command: Payload, *, directory: DirectorySync) -> View:
    await identity.require_admin(command, directory=directory)
    return render()


def render() -> View:
    """The menu: a button and a line of explanation for each page."""
    return page_view(TITLE, _blocks())


def _blocks() -> Iterator[Block]:
    for group, pages in _GROUPS.items():
        yield header(group)
        for page, description in pages:
            open_button = button(page.OPEN, page.TITLE, value=page.OPEN)
            yield section_with_button(page.OPEN, description, open_button)
