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

from tests.bench import slack_requests
from tests.bench.environment import BenchEnvironment, Deployment
from tests.bench.idle_wait import wait_until_idle
from tests.bench.load_generator import Target, send_requests
from tests.sabotage.sitecustomize import RECORDING_VARIABLE, SABOTAGE_VARIABLE, hook_environment

# What a driver says for itself, which a replay says for itself, too.
_DRIVER_FIELDS = {"lsid", "txnNumber", "$clusterTime", "$db", "$readPreference"}
Call = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallRecording:
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
    bot_calls: list[Call]
    worker_calls: list[Call]

    def calls_until_offer(self) -> list[Call]:
        """All calls up to the message to the moderator."""
        calls = self.bot_calls + self.worker_calls
        last = next(at for at, call in enumerate(calls) if _is_offer(call))
        return calls[: last + 1]

    def save(self, path: Path, *, calls: Iterable[Call], settings: dict[str, Any]) -> None:
        """Write what `replay.py` reads."""
        document = base64.b64encode(encode(self.document)).decode()
        known = {"ticket_id": self.ticket_id, "key": self.key, "document": document}
        path.write_text(json.dumps(known | {"calls": list(calls), **settings}), encoding="utf-8")

    def count_mongo_commands(self) -> Counter[str]:
        """How often each thing is asked of MongoDB, from the first word to the last."""
        calls = (call for call in self.bot_calls + self.worker_calls if call["kind"] == "mongo")
        return Counter(str(call["name"]) for call in calls)


async def record_ticket(stage: BenchEnvironment) -> CallRecording:
    """Walk a ticket through; those before it have filled all caches."""
    logs = {name: stage.folder / f"{name}.bson" for name in ("bot", "worker")}
    place = stage.new_deployment(
        GEMINI_API_KEY="", **hook_environment(**{SABOTAGE_VARIABLE: "no rate limits"})
    )
    bot = await stage.start_bot(
        Deployment(place.environment | {RECORDING_VARIABLE: str(logs["bot"])})
    )
    await stage.add_moderators(place)
    worker = await stage.start_worker(
        Deployment(place.environment | {RECORDING_VARIABLE: str(logs["worker"])})
    )
    service = Target(f"{place.url}/slack/events")
    await send_requests(service, [slack_requests.ticket_command()], clients=1)
    form = await stage.last_form()
    # Everybody has a ticket, and every moderator an offer.
    everybody = [
        slack_requests.form_submission(form, slack_requests.random_title())
        for _ in range(slack_requests.PEOPLE)
    ]
    await send_requests(service, everybody, clients=slack_requests.PEOPLE)
    await wait_until_idle(stage, place)
    begun = {name: len(_read_bson(path)) for name, path in logs.items()}
    await stage.take_request_log()
    await send_requests(
        service, [slack_requests.form_submission(form, slack_requests.random_title())], clients=1
    )
    await wait_until_idle(stage, place)
    asked = {name: _read_bson(path)[begun[name] :] for name, path in logs.items()}
    working = [
        *map(_to_mongo_call, _without_background_calls(asked["worker"])),
        *await stage.take_request_log(),
    ]
    for process in (bot, worker):
        await process.stop()
    document = next(one for one in asked["bot"] if one["name"] == "insert")
    stored = document["command"]["documents"][0]
    return CallRecording(
        ticket_id=stored["_id"],
        key=stored["key"],
        document=dict(stored),
        bot_calls=[_to_mongo_call(one) for one in asked["bot"] if one["name"] != "getMore"],
        worker_calls=sorted(working, key=lambda call: float(call["at"])),
    )


def _read_bson(path: Path) -> list[dict[str, Any]]:
    with path.open("rb") as file:
        return list(decode_file_iter(file))


def _without_background_calls(asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what the worker asks every few seconds, whether there are tickets or not."""
    return [one for one in asked if one["name"] != "getMore" and not _is_sweep(one["command"])]


def _is_sweep(command: dict[str, Any]) -> bool:
    asked = command.get("filter", {})
    return set(asked) <= {"due"} and "find" in command and command["find"] == "tickets"


def _to_mongo_call(one: dict[str, Any]) -> Call:
    command = {name: value for name, value in one["command"].items() if name not in _DRIVER_FIELDS}
    body = base64.b64encode(encode(command)).decode()
    return {"kind": "mongo", "at": one["at"], "name": one["name"], "body": body}


def _is_offer(call: Call) -> bool:
    return call["kind"] == "slack" and ".offer." in json.dumps(call["sent"])
