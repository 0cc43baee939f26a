"""Reads a ticket once for triage, with the facts of a worker: user groups, the trained model."""

from dataclasses import dataclass, replace

from jobs.engines.gemini import Gemini
from jobs.engines.trained_engine import ModelCache
from jobs.triage.priority_rules import min_priority
from models.access.directory_sync import DirectorySync
from models.engine.ticket_reading import TicketReading, read_text
from models.tickets.ticket import Ticket
from models.triage.taxonomy import Taxonomy
from models.workspace.settings_store import SettingsStore


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketReader:
    """Reads tickets for triage."""

    gemini: Gemini | None
    model_cache: ModelCache
    directory: DirectorySync
    workspace_settings: SettingsStore

    async def read(self, ticket: Ticket, taxonomy: Taxonomy) -> TicketReading:
        """The reading of a ticket.

        If a category is private, the trained model is asked before an AI may be: it knows the
        tickets that people put there, and not only the keywords of their category.
        """
        floor = await min_priority(
            ticket, directory=self.directory, workspace_settings=self.workspace_settings
        )
        reading = read_text(ticket, taxonomy, floor=floor)
        may_be_sent = self.gemini is not None and not reading.reason_not_to_send
        if not may_be_sent or not taxonomy.has_private_category:
            return reading
        category = await self.model_cache.find_private_category(reading)
        if category is None:
            return replace(reading, is_privacy_known=False)
        return replace(reading, private_category=category)
