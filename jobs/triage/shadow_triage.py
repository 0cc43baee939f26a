"""Triage with the shadow prompt: for judged tickets only, and shown to nobody.

So the shadow prompt costs tokens only for tickets with a known right answer, and its accuracy is
known before it is used.
"""

import logging
from dataclasses import dataclass

from jobs.engines.gemini import GeminiFailure
from jobs.engines.prompt import shadow_prompt
from jobs.triage.gemini_triage import GeminiTriage
from jobs.triage.ticket_reader import TicketReader
from models.engine.training_store import TrainingStore
from models.errors import RetryLater
from models.tickets.ticket import Ticket
from models.triage.taxonomy import Taxonomy
from models.workspace.settings_store import SettingsStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowTriage:
    """Stores the shadow prompt's answers beside the training examples."""

    workspace_settings: SettingsStore
    training_store: TrainingStore
    ticket_reader: TicketReader
    gemini_triage: GeminiTriage

    async def run(self, ticket: Ticket, taxonomy: Taxonomy) -> None:
        """Run the shadow prompt once. If Gemini fails, the report leaves this ticket out."""
        text = (await self.workspace_settings.load(ticket.team_id)).shadow_prompt
        if not text:
            return
        prompt = shadow_prompt(text)
        if await self.training_store.has_shadow_answer(ticket.id, prompt.version):
            return
        reading = await self.ticket_reader.read(ticket, taxonomy)
        try:
            triage = await self.gemini_triage.triage(reading, shadow_prompt=prompt)
        except (GeminiFailure, RetryLater) as error:
            log.info("%s: the shadow prompt %s has no answer: %s", ticket.id, prompt.version, error)
            return
        await self.training_store.set_shadow_answer(ticket.id, reading.with_rules(triage))
