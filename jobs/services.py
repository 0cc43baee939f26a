"""The services of a worker, by the names of arguments of steps and timed jobs."""

from typing import Final

from jobs.engines.gemini import Gemini
from jobs.steps.card_delivery import CardDelivery
from jobs.triage.services import TriageServices
from models.services import Connections, bind


class WorkerServices(TriageServices):
    """The services for steps and timed jobs."""

    def __init__(self, connections: Connections, gemini: Gemini | None) -> None:
        super().__init__(connections, gemini)
        self.card_delivery: Final = bind(CardDelivery, self)()
