"""Admins read the audit log."""

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.reports import audit_log_view
from bot.payload import Payload
from bot.ui.open_view import push_view
from models.access.audit_log import AuditLog
from models.access.directory_sync import DirectorySync
from models.messages.slack_client import SlackClient


def register(app: AsyncApp) -> None:
    """Listen for the button."""
    app.action(audit_log_view.OPEN)(show_audit)


async def show_audit(
    ack: AsyncAck,
    body: Payload,
    *,
    slack: SlackClient,
    audit_log: AuditLog,
    directory: DirectorySync,
) -> None:
    """Push the page with the newest entries."""
    admin = await identity.require_admin(body, directory=directory)
    entries = await audit_log.entries(admin.team_id, limit=audit_log_view.MAX_ENTRIES + 1)
    await push_view(slack, body, audit_log_view.render(entries))
    await ack()
