"""The traffic log: all requests between Slack and the app, in order."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from sandbox.slack.primitives.json_types import Json, to_json


class Direction(StrEnum):
    API = "api"
    DELIVERY = "delivery"
    ACK = "ack"


@dataclass(slots=True, eq=False)
class TrafficEntry:
    """One request, and its answer as soon as it arrives."""

    direction: Direction
    name: str
    request: Json
    at: float
    person: str | None = None
    response: object = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class TrafficLog:
    """The log in memory; with a path, it also writes each answered entry as a JSON line."""

    def __init__(self, path: Path | None = None) -> None:
        self.entries: list[TrafficEntry] = []
        self.path = path

    def add(self, entry: TrafficEntry) -> TrafficEntry:
        self.entries.append(entry)
        return entry

    def record_response(self, entry: TrafficEntry, response: object) -> None:
        entry.response = response
        if self.path:
            with self.path.open("a", encoding="utf-8") as log_file:
                log_file.write(self._json_line(entry))

    def api_calls(self, method: str | None = None) -> list[TrafficEntry]:
        """Return the app's calls to the Web API."""
        return self._find_entries(Direction.API, method)

    def deliveries(self, name: str | None = None) -> list[TrafficEntry]:
        """Return requests to the app: "slash_command", "view_submission", an event type, …"""
        return self._find_entries(Direction.DELIVERY, name)

    def acks(self, name: str | None = None) -> list[TrafficEntry]:
        """Return the app's acknowledgements."""
        return self._find_entries(Direction.ACK, name)

    def clear(self) -> None:
        self.entries.clear()

    def _find_entries(self, direction: Direction, name: str | None) -> list[TrafficEntry]:
        return [e for e in self.entries if e.direction is direction and name in (None, e.name)]

    def _json_line(self, entry: TrafficEntry) -> str:
        record = asdict(entry) | {"body": None, "headers": dict(entry.headers)}
        return to_json({key: value for key, value in record.items() if value}) + "\n"
