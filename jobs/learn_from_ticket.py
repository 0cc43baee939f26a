"""What a moderator has said of a ticket, by correcting or by resolving it, becomes a lesson.

Then a prompt on trial is asked as well: so it costs only for tickets of which somebody knows what
is right, and it can be seen how it would have done before it is used.
"""

import logging

from jobs.asking import by_gemini
from jobs.floors import least
from jobs.gemini import GeminiFailed
from jobs.prompt import Prompt, from_file
from jobs.retrying import Tools, nothing
from jobs.triage_ticket import kept_in_the_house
from models import builtin
from models.configuration import Configuration
from models.correction import lesson_of
from models.desk import Change
from models.errors import NotNow
from models.step import Pending
from models.ticket import Ticket

log = logging.getLogger(__name__)


async def learn_from_ticket(tools: Tools, ticket: Ticket, _leased: Pending) -> Change:
    """Keep the lesson, and have the ticket found by who asks the same.

    It is all made of the ticket alone, and so the same however often it is kept.
    """
    configuration = await tools.desk.store.configuration(ticket.team_id)
    if ticket.solution and not ticket.confidential:
        await tools.desk.solutions.keep(ticket)
    if lesson := lesson_of(ticket, configuration):
        await tools.desk.lessons.learn(lesson)
        if not lesson.confidential:
            await _try_out(tools, ticket, configuration)
    return nothing


async def _try_out(tools: Tools, ticket: Ticket, configuration: Configuration) -> None:
    """Ask the prompt on trial once; when it does not answer, this ticket says nothing of it."""
    prompt = _on_trial(tools)
    if prompt is None or kept_in_the_house(tools, ticket, configuration):
        return
    if await tools.desk.lessons.shadowed(ticket.id, prompt.version):
        return
    try:
        said = await by_gemini(tools, ticket, configuration, shadow=prompt)
    except (GeminiFailed, NotNow) as failed:
        log.info("%s: the prompt %s is not tried out: %s", ticket.id, prompt.version, failed)
        return
    raised = builtin.raised(said, ticket, configuration, least=await least(tools, ticket))
    await tools.desk.lessons.overshadow(ticket.id, raised)


def _on_trial(tools: Tools) -> Prompt | None:
    path = tools.desk.settings.gemini_shadow_prompt
    try:
        return from_file(path) if path else None
    except (OSError, ValueError) as wrong:
        log.warning("GEMINI_SHADOW_PROMPT can't be used: %s", wrong)
        return None
