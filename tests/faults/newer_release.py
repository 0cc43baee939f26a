"""A copy of this release that is newer: it has one more field, status and step.

People pause a claimed ticket, which then waits, and resume it. Both moves are followed by a step
that records a reminder. A claim also stores where it was made. The copy is made by small edits; an
edit whose place is gone fails.
"""

import shutil
from pathlib import Path

from models.ticket_store.documents import SCHEMA_VERSION
from tests.project import ROOT

_COPIED = ("bot", "jobs", "models", "manifest.yml", "pyproject.toml")
_REMINDER_STEP = '''"""The step that records a reminder for each pause and its end."""

from datetime import UTC, datetime

from jobs.runner.step_function import no_change
from models.tickets.pending_step import Step


async def send_reminder(ticket, leased_step, *, database):
    """Record the reminder."""
    record = {"ticket_id": ticket.id, "version": ticket.state_version, "at": datetime.now(UTC)}
    await database.reminders.insert_one(record)
    return no_change


STEPS = {Step.SEND_REMINDER: send_reminder}
'''
_MOVES = """    Verb.PAUSE: Action(
        description="Let the ticket wait.",
        event="paused",
        from_statuses=_statuses(Status.CLAIMED),
        to_status=Status.WAITING,
        allowed=_staff(_ASSIGNEE),
        next_steps=(Step.SEND_REMINDER, Step.REFRESH_CARDS),
        buttons=(_moderator_button(Button.PAUSE, "Pause"),),
    ),
    Verb.RESUME: Action(
        description="Work on the ticket again.",
        event="resumed",
        from_statuses=_statuses(Status.WAITING),
        to_status=Status.CLAIMED,
        allowed=_staff(_ASSIGNEE),
        next_steps=(Step.SEND_REMINDER, Step.REFRESH_CARDS),
        buttons=(_moderator_button(Button.RESUME, "Resume"),),
    ),
"""
_EDITS = (
    # (file, text before the edit, text after it)
    (
        "models/tickets/ticket.py",
        '    CLAIMED = "claimed"\n',
        '    CLAIMED = "claimed"\n    WAITING = "waiting"\n',
    ),
    (
        "models/tickets/ticket.py",
        "    resolve_count: int = 0\n",
        '    resolve_count: int = 0\n    claimed_with: str = ""\n',
    ),
    (
        "models/tickets/pending_step.py",
        '    ARCHIVE_EVENTS = "archive_events"\n',
        '    ARCHIVE_EVENTS = "archive_events"\n    SEND_REMINDER = "send_reminder"\n',
    ),
    (
        "models/tickets/actions.py",
        '    REOPEN = "reopen"\n',
        '    REOPEN = "reopen"\n    PAUSE = "pause"\n    RESUME = "resume"\n',
    ),
    (
        "models/tickets/actions.py",
        '    REOPEN = "reopen_ticket"\n',
        '    REOPEN = "reopen_ticket"\n    PAUSE = "pause_ticket"\n    RESUME = "resume_ticket"\n',
    ),
    (
        "models/tickets/actions.py",
        "    if ticket.assignee == actor_id:\n        return {}\n",
        '    if ticket.assignee == actor_id:\n        return {"claimed_with": "newer"}\n',
    ),
    (
        "models/tickets/actions.py",
        "    Verb.REOPEN: Action(\n",
        f"{_MOVES}    Verb.REOPEN: Action(\n",
    ),
    (
        "models/messages/texts.py",
        "        case Status.CLAIMED:\n            return f",
        "        case Status.CLAIMED | Status.WAITING:\n            return f",
    ),
    (
        "models/messages/texts.py",
        '        case Status.CLAIMED:\n            return "You get a message here',
        '        case Status.CLAIMED | Status.WAITING:\n            return "You get a message here',
    ),
    (
        "models/ticket_store/documents.py",
        f"\nSCHEMA_VERSION = {SCHEMA_VERSION}\n",
        f"\nSCHEMA_VERSION = {SCHEMA_VERSION + 1}\n",
    ),
    (
        "models/ticket_store/documents.py",
        "    return SCHEMA_VERSION\n",
        f'    return SCHEMA_VERSION if _ticket.status == "waiting" else {SCHEMA_VERSION}\n',
    ),
    (
        "models/infra/database.py",
        "        self.alarms = self._db.alarms\n",
        "        self.alarms = self._db.alarms\n        self.reminders = self._db.reminders\n",
    ),
)


def copy_newer_release(folder: Path) -> None:
    """Write the newer release into this folder, which becomes its processes' PYTHONPATH.

    Raises:
        ValueError: the text that an edit replaces is not in the file, or more than once.
    """
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)
    (folder / "jobs/steps/send_reminder.py").write_text(_REMINDER_STEP, "utf-8")
    for name, before, after in _EDITS:
        path = folder / name
        text = path.read_text("utf-8")
        if text.count(before) != 1:
            raise ValueError(f"{name} has this text {text.count(before)} times:\n{before}")
        path.write_text(text.replace(before, after), "utf-8")
