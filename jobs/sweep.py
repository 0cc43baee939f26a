"""Every few seconds all that is due is rung for again: a ticket arrives without any ring."""

import logging
from typing import Any

from jobs.retrying import Tools
from models.errors import Unavailable

SWEEP_SECONDS = 5
_AT_ONCE = 500
log = logging.getLogger(__name__)


async def sweep(ctx: dict[str, Any]) -> None:
    """Ring for each due step; harmless when many workers do it at once."""
    tools: Tools = ctx["tools"]
    try:
        tickets, now = await tools.desk.store.due_tickets(limit=_AT_ONCE)
    except Unavailable as away:
        log.warning("nothing can be swept: %r", away.__cause__)
        return
    for ticket in tickets:
        due = [entry for entry in ticket.pending if entry.due and entry.due <= now]
        await tools.desk.queue.ring(ticket.id, due, now=now)
