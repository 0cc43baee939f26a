"""The services of a process that triages: a worker, or `frontdesk eval`."""

from typing import Final

from jobs.engines.gemini import Gemini
from jobs.engines.trained_engine import ModelCache
from jobs.triage.gemini_triage import GeminiTriage
from jobs.triage.shadow_triage import ShadowTriage
from jobs.triage.ticket_reader import TicketReader
from jobs.triage.triage_engine import TriageEngine
from models.services import Connections, Services, bind


class TriageServices(Services):
    """The services for triage; `gemini` is None without GEMINI_API_KEY."""

    def __init__(self, connections: Connections, gemini: Gemini | None) -> None:
        super().__init__(connections)
        self.gemini: Final = gemini
        self.model_cache: Final = ModelCache(self.training_store)
        self.ticket_reader: Final = bind(TicketReader, self)()
        self.gemini_triage: Final = bind(GeminiTriage, self)()
        self.triage_engine: Final = bind(TriageEngine, self)()
        self.shadow_triage: Final = bind(ShadowTriage, self)()
