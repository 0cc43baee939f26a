"""Every few seconds all that is due is rung for again: a ticket arrives without any ring."""

from typing import Any

from jobs.retrying import Tools

SWEEP_SECONDS = 5
_AT_ONCE = 500


async def sweep(ctx: dict[str, Any]) -> None:
    """Ring for each due step; harmless when many workers do it at once."""
    tools: Tools = ctx["tools"]
    tickets, now = await tools.desk.store.due_tickets(limit=_AT_ONCE)
    for ticket in tickets:
        due = [entry for entry in ticket.pending if entry.due and entry.due <= now]
        await tools.desk.queue.ring(ticket.id, due, now=now)
