"""Records the calls of one ticket to MongoDB, Slack and the mail server.

A real bot and worker handle the ticket from `/ticket` to its e-mail. `call_replay.py` repeats the
calls without any other work.
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

# The driver adds these fields, in a replay as well.
_DRIVER_FIELDS = {"lsid", "txnNumber", "$clusterTime", "$db", "$readPreference"}
Call = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallRecording:
    """The calls for one ticket, in order.

    Attributes:
        ticket_id: the ticket id in the calls.
        key: the submission key in the calls.
        document: the ticket as the bot has inserted it.
        bot_calls: the bot's MongoDB commands.
        worker_calls: the worker's calls to MongoDB, Slack and the mail server.
    """

    ticket_id: str
    key: str
    document: dict[str, Any]
    bot_calls: list[Call]
    worker_calls: list[Call]

    def calls_until_offer(self) -> list[Call]:
        """All calls up to the offer message to the moderator."""
        calls = self.bot_calls + self.worker_calls
        offer_index = next(index for index, call in enumerate(calls) if _is_offer(call))
        return calls[: offer_index + 1]

    def save(self, path: Path, *, calls: Iterable[Call], settings: dict[str, Any]) -> None:
        """Write the input file of `call_replay.py`."""
        document = base64.b64encode(encode(self.document)).decode()
        recording = {"ticket_id": self.ticket_id, "key": self.key, "document": document}
        path.write_text(
            json.dumps(recording | {"calls": list(calls), **settings}), encoding="utf-8"
        )

    def count_mongo_commands(self) -> Counter[str]:
        """The number of MongoDB commands of each name."""
        calls = (call for call in self.bot_calls + self.worker_calls if call["kind"] == "mongo")
        return Counter(str(call["name"]) for call in calls)


async def record_ticket(environment: BenchEnvironment) -> CallRecording:
    """Record one ticket, after other tickets have filled all caches."""
    logs = {name: environment.folder / f"{name}.bson" for name in ("bot", "worker")}
    deployment = environment.new_deployment(
        GEMINI_API_KEY="", **hook_environment(**{SABOTAGE_VARIABLE: "no rate limits"})
    )
    bot = await environment.start_bot(
        Deployment(deployment.environment | {RECORDING_VARIABLE: str(logs["bot"])})
    )
    await environment.add_moderators(deployment)
    worker = await environment.start_worker(
        Deployment(deployment.environment | {RECORDING_VARIABLE: str(logs["worker"])})
    )
    target = Target(f"{deployment.url}/slack/events")
    await send_requests(target, [slack_requests.ticket_command()], clients=1)
    form = await environment.last_form()
    # First each person opens a ticket, so that each moderator has an offer.
    submissions = [
        slack_requests.form_submission(form, slack_requests.random_title())
        for _ in range(slack_requests.PEOPLE)
    ]
    await send_requests(target, submissions, clients=slack_requests.PEOPLE)
    await wait_until_idle(environment, deployment)
    command_counts = {name: len(_read_bson(path)) for name, path in logs.items()}
    await environment.take_request_log()
    await send_requests(
        target, [slack_requests.form_submission(form, slack_requests.random_title())], clients=1
    )
    await wait_until_idle(environment, deployment)
    commands = {name: _read_bson(path)[command_counts[name] :] for name, path in logs.items()}
    worker_calls = [
        *map(_to_mongo_call, _without_background_calls(commands["worker"])),
        *await environment.take_request_log(),
    ]
    for process in (bot, worker):
        await process.stop()
    insert = next(command for command in commands["bot"] if command["name"] == "insert")
    stored = insert["command"]["documents"][0]
    return CallRecording(
        ticket_id=stored["_id"],
        key=stored["key"],
        document=dict(stored),
        bot_calls=[
            _to_mongo_call(entry) for entry in commands["bot"] if entry["name"] != "getMore"
        ],
        worker_calls=sorted(worker_calls, key=lambda call: float(call["at"])),
    )


def _read_bson(path: Path) -> list[dict[str, Any]]:
    with path.open("rb") as file:
        return list(decode_file_iter(file))


def _without_background_calls(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The commands without the worker's periodic ones."""
    return [
        entry for entry in entries if entry["name"] != "getMore" and not _is_sweep(entry["command"])
    ]


def _is_sweep(command: dict[str, Any]) -> bool:
    query = command.get("filter", {})
    return "due" in query and command.get("find") == "tickets"


def _to_mongo_call(entry: dict[str, Any]) -> Call:
    command = {
        name: value for name, value in entry["command"].items() if name not in _DRIVER_FIELDS
    }
    body = base64.b64encode(encode(command)).decode()
    return {"kind": "mongo", "at": entry["at"], "name": entry["name"], "body": body}


def _is_offer(call: Call) -> bool:
    return call["kind"] == "slack" and ".offer." in json.dumps(call["fields"])
