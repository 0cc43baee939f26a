"""What one ticket asks of MongoDB, Slack and the mail server, from `/ticket` to the last letter.

It is written down while a real bot and worker walk one ticket through, to be asked again by a
script that does nothing else (`replay.py`).
"""

import base64
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bson import decode_file_iter, encode

from tests.bench import requests
from tests.bench.load import Target, put_on
from tests.bench.settling import settles
from tests.bench.stage import Place, Stage
from tests.sabotage.sitecustomize import RECORDING, SABOTAGE, told

# What a driver says for itself, which a replay says for itself, too.
_ITS_OWN = {"lsid", "txnNumber", "$clusterTime", "$db", "$readPreference"}
Call = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The calls for one ticket, in their order.

    Attributes:
        ticket_id, key: what stands in them for the ticket and its submission.
        document: the ticket as it was first stored.
        opening: the bot's calls, until it had acknowledged.
        working: the worker's, of MongoDB, Slack and the mail server.
    """

    ticket_id: str
    key: str
    document: dict[str, Any]
    opening: list[Call]
    working: list[Call]

    def until_told(self) -> list[Call]:
        """All calls up to the message to the moderator."""
        calls = self.opening + self.working
        last = next(at for at, call in enumerate(calls) if _is_offer(call))
        return calls[: last + 1]

    def save(self, path: Path, *, calls: Iterable[Call], settings: dict[str, Any]) -> None:
        """Write what `replay.py` reads."""
        document = base64.b64encode(encode(self.document)).decode()
        known = {"ticket_id": self.ticket_id, "key": self.key, "document": document}
        path.write_text(json.dumps(known | {"calls": list(calls), **settings}), encoding="utf-8")

    def counted(self) -> Counter[str]:
        """How often each thing is asked of MongoDB, from the first word to the last."""
        calls = (call for call in self.opening + self.working if call["kind"] == "mongo")
        return Counter(str(call["name"]) for call in calls)


async def record(stage: Stage) -> Recorded:
    """Walk a ticket through; those before it have filled all caches."""
    logs = {name: stage.folder / f"{name}.bson" for name in ("bot", "worker")}
    place = stage.new_place(GEMINI_API_KEY="", **told(**{SABOTAGE: "a generous Slack"}))
    bot = await stage.bot(Place(place.environment | {RECORDING: str(logs["bot"])}))
    await stage.hire(place)
    worker = await stage.worker(Place(place.environment | {RECORDING: str(logs["worker"])}))
    desk = Target(f"{place.url}/slack/events")
    await put_on(desk, [requests.command()], people=1)
    form = await stage.last_form()
    # Everybody has a ticket, and every moderator an offer.
    everybody = [requests.submission(form, requests.title()) for _ in range(requests.PEOPLE)]
    await put_on(desk, everybody, people=requests.PEOPLE)
    await settles(stage, place)
    begun = {name: len(_read(path)) for name, path in logs.items()}
    await stage.kept()
    await put_on(desk, [requests.submission(form, requests.title())], people=1)
    await settles(stage, place)
    asked = {name: _read(path)[begun[name] :] for name, path in logs.items()}
    working = [*map(_mongo, _of_a_ticket(asked["worker"])), *await stage.kept()]
    for process in (bot, worker):
        await process.stop()
    document = next(one for one in asked["bot"] if one["name"] == "insert")
    stored = document["command"]["documents"][0]
    return Recorded(
        ticket_id=stored["_id"],
        key=stored["key"],
        document=dict(stored),
        opening=[_mongo(one) for one in asked["bot"] if one["name"] != "getMore"],
        working=sorted(working, key=lambda call: float(call["at"])),
    )


def _read(path: Path) -> list[dict[str, Any]]:
    with path.open("rb") as file:
        return list(decode_file_iter(file))


def _of_a_ticket(asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what the worker asks every few seconds, whether there are tickets or not."""
    return [one for one in asked if one["name"] != "getMore" and not _is_sweep(one["command"])]


def _is_sweep(command: dict[str, Any]) -> bool:
    asked = command.get("filter", {})
    return set(asked) <= {"due"} and "find" in command and command["find"] == "tickets"


def _mongo(one: dict[str, Any]) -> Call:
    command = {name: value for name, value in one["command"].items() if name not in _ITS_OWN}
    body = base64.b64encode(encode(command)).decode()
    return {"kind": "mongo", "at": one["at"], "name": one["name"], "body": body}


def _is_offer(call: Call) -> bool:
    return call["kind"] == "slack" and ".offer." in json.dumps(call["sent"])
