"""Admins pick a member and change their role, skills, limits and absence."""

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.people import member_form
from bot.background import BackgroundTasks
from bot.payload import Payload, action_value
from bot.ui.open_view import redraw_view, update_view
from bot.ui.submitted_form import SubmittedForm
from bot.ui.views import notice_view
from models.access.directory_sync import DirectorySync
from models.admin.members import MemberAdmin
from models.admin.taxonomy import TaxonomyAdmin
from models.errors import InvalidInput
from models.messages.slack_client import SlackClient
from models.people.store import MemberStore
from models.triage.taxonomy_store import TaxonomyStore


def register(app: AsyncApp) -> None:
    """Listen for the button, for the person picked, and for the form."""
    app.action(member_form.OPEN)(open_members)
    app.action(member_form.PICK_PERSON)(show_member)
    app.view(member_form.CALLBACK)(save_member)


async def open_members(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    directory: DirectorySync,
) -> None:
    """Show the person picker in the place of the Settings menu.

    Slack stacks three modals at most: the form, the member's API tokens, and one for errors.
    https://docs.slack.dev/surfaces/modals
    """
    await identity.require_admin(body, directory=directory)
    background.start(redraw_view(slack, body, member_form.render_picker()))
    await ack()


async def show_member(
    ack: AsyncAck,
    body: Payload,
    *,
    slack: SlackClient,
    taxonomies: TaxonomyStore,
    directory: DirectorySync,
) -> None:
    """Show the member's fields before the admin can fill in anything."""
    admin = await identity.require_admin(body, directory=directory)
    if slack_id := action_value(body):
        member = await directory.member_with_profile(admin.team_id, slack_id)
        form = member_form.render(await taxonomies.get_taxonomy(admin.team_id), member)
        await update_view(slack, body, form)
    await ack()


async def save_member(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    members: MemberStore,
    taxonomies: TaxonomyStore,
    directory: DirectorySync,
    member_admin: MemberAdmin,
    taxonomy_admin: TaxonomyAdmin,
) -> None:
    """Store the changes, and confirm them."""
    admin = await identity.require_admin(body, directory=directory)
    team_id = admin.team_id
    member_input = member_form.read(body["view"], await taxonomies.get_taxonomy(team_id))
    before = await members.get_or_create_member(team_id, member_input.slack_id)
    try:
        changes = member_input.changes_for(before)
        await member_admin.check_update(before, before.model_copy(update=changes))
        if member_input.new_skills:
            await taxonomy_admin.add_skills(admin, *member_input.new_skills)
        member = await member_admin.update_member(admin, before, changes)
    except InvalidInput as error:
        raise SubmittedForm(body["view"]).invalid_input(error.fields) from error
    # If the bot stops before this runs, the worker does it within a minute (jobs/runner/sweep.py).
    background.start(member_admin.apply_role(member))
    await ack(
        response_action="update",
        view=notice_view(member_form.confirmation_text(member), title=member_form.TITLE),
    )
