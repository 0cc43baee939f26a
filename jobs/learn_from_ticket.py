"""What a moderator has said of a ticket, by correcting or by resolving it, becomes a lesson."""

from jobs.retrying import Tools, nothing
from models.correction import lesson_of
from models.desk import Change
from models.step import Pending
from models.ticket import Ticket


async def learn_from_ticket(tools: Tools, ticket: Ticket, _leased: Pending) -> Change:
    """Keep the lesson, and have the ticket found by who asks the same.

    It is all made of the ticket alone, and so the same however often it is kept.
    """
    configuration = await tools.desk.store.configuration(ticket.team_id)
    if ticket.solution and not ticket.confidential:
        await tools.desk.solutions.keep(ticket)
    if lesson := lesson_of(ticket, configuration):
        await tools.desk.lessons.learn(lesson)
    return nothing
