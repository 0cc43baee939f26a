"""`python -m sandbox.bench`: how long `/ticket` and its form take to be acknowledged.

32 people at once, each waiting for an answer before they ask again. The same signed requests go to
a bare Bolt handler (`bare_bolt.py`), in turn with the desk, so that the ratios hold elsewhere too.
"""

import asyncio
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from statistics import median, quantiles

import aiohttp

from sandbox.processes import Ended, Process
from sandbox.servers import Servers, free_port
from sandbox.slack import payloads
from sandbox.slack.delivery import Envelope, Parcel
from sandbox.slack.person import Person
from sandbox.slack.shapes import Json
from sandbox.slack.workspace import Workspace
from sandbox.world import PROJECT, World

USERS = 32
ROUNDS = 8
REQUESTS = 240

Make = Callable[[Person], Parcel]


class Failed(RuntimeError):
    """An answer was not the one expected; its time would say nothing."""


@dataclass(slots=True)
class Contender:
    """One server that is asked for one thing, and how long each answer took, by rounds.

    Attributes:
        make: the request of a person, anew each time.
        ahead: make a round's requests before it; a trigger would not live that long.
        answers: what a good answer contains.
    """

    name: str
    url: str
    make: Make
    ahead: bool = False
    answers: str = ""
    rounds: list[list[float]] = field(default_factory=list)
    elapsed: float = 0.0

    def quantile(self, percent: int) -> float:
        """So many percent of all answers took at most this many seconds."""
        return _quantile([*chain(*self.rounds)], percent)

    @property
    def throughput(self) -> float:
        """Answers a second."""
        return sum(map(len, self.rounds)) / self.elapsed


@dataclass(frozen=True, slots=True)
class Heat:
    """The desk against those that do less of the same."""

    what: str
    desk: Contender
    others: tuple[Contender, ...]

    def ratio(self, other: Contender, percent: int) -> float:
        """How many times as long the desk took, in the middle one of the rounds."""
        pairs = zip(self.desk.rounds, other.rounds, strict=True)
        return median(_quantile(a, percent) / _quantile(b, percent) for a, b in pairs)


class Requests:
    """What Slack sends when people type the command, or send the form."""

    def __init__(self, slack: Workspace, form: Json) -> None:
        """With the form as the desk really opened it."""
        self._slack = slack
        self._form = form
        self.keys: set[str] = set()

    def command(self, person: Person) -> Parcel:
        return self._command(person, "/ticket")

    def command_with_view(self, person: Person) -> Parcel:
        """The bare handler's own command that opens a view first."""
        return self._command(person, "/with-view")

    def submission(self, person: Person) -> Parcel:
        """The form sent, each time as a view of its own."""
        state = self._slack.state
        view = state.views.open(self._form, owner=person.id, team=state.team_id)
        payload = payloads.view_submission(state, person.member, view, response_urls=[])
        return Parcel("view_submission", Envelope.INTERACTIVE, payload)

    def kept_submission(self, person: Person) -> Parcel:
        """One that must be found in the database afterwards."""
        parcel = self.submission(person)
        self.keys.add(f"view:{parcel.payload['view']['id']}")
        return parcel

    def _command(self, person: Person, command: str) -> Parcel:
        payload = payloads.slash_command(
            self._slack.state, person.member, person.dm, command=command, text="my vpn is down"
        )
        return Parcel("slash_command", Envelope.COMMAND, payload)


class Load:
    """Asks as Slack does, signed and form-encoded; each person waits for their answer."""

    def __init__(self, slack: Workspace, people: list[Person]) -> None:
        self._slack = slack
        self._people = people

    async def put_on(self, contender: Contender) -> None:
        """One round: so many requests, and how long each took."""
        people = (self._people[n % USERS] for n in range(REQUESTS))
        parcels: Iterator[Parcel] = map(contender.make, people)
        if contender.ahead:
            parcels = iter([*parcels])
        began = time.perf_counter()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            asking = [self._ask(http, contender, parcels) for _ in range(USERS)]
            contender.rounds.append([*chain(*await asyncio.gather(*asking))])
        contender.elapsed += time.perf_counter() - began

    async def _ask(
        self, http: aiohttp.ClientSession, contender: Contender, parcels: Iterator[Parcel]
    ) -> list[float]:
        seconds = []
        for parcel in parcels:
            body, content_type = parcel.encoded()
            headers = {"Content-Type": content_type, **self._slack.sign(body)}
            began = time.perf_counter()
            async with http.post(contender.url, data=body, headers=headers) as answer:
                text = await answer.text()
            seconds.append(time.perf_counter() - began)
            if not answer.ok or contender.answers not in text:
                raise Failed(f"{contender.name} answered {answer.status} {text[:200]!r}")
        return seconds


async def bench() -> int:
    """Measure, and print the table; returns the exit code."""
    print("Measuring; it takes about half a minute …", file=sys.stderr, flush=True)
    try:
        async with Servers() as servers, World(servers=servers) as world:
            return await _against_bare(world)
    except (Ended, Failed, aiohttp.ClientError) as fault:
        print(f"Not measured: {fault}", file=sys.stderr)
        return 1


async def _against_bare(world: World) -> int:
    # Else it would work meanwhile on what is stored, on the same cores.
    await world.worker.stop()
    world.slack.rate_limits = False
    people = [
        world.slack.add_person(f"user{n}", real_name=f"User {n}", email=f"user{n}@acme.example")
        for n in range(USERS)
    ]
    requests = Requests(world.slack, await _form(world, people[0]))
    url = f"http://127.0.0.1:{free_port()}"
    bare = _bare(world, url)
    await bare.start()
    try:
        heats = _heats(requests, desk=f"{world.bot_url}/slack/events", bare=url)
        await _measure(Load(world.slack, people), heats)
    finally:
        await bare.kill()
    stored = {ticket["key"] for ticket in await world.documents("tickets")}
    print(_report(world, heats, sent=len(requests.keys), stored=len(requests.keys & stored)))
    return 0 if requests.keys <= stored else 1


async def _form(world: World, person: Person) -> Json:
    """The form as it was opened for somebody, who has then sent it: all is well."""
    await person.types("/ticket my vpn is down")
    form = world.slack.state.views.top(person.id)
    if form is None:
        raise Failed(f"/ticket opened nothing; Slack said {person.alerts}")
    spec = form.spec
    await person.submits()
    if person.modal is None or person.modal.errors:
        raise Failed(f"the form was not taken: {person.modal and person.modal.errors}")
    return spec


def _heats(requests: Requests, *, desk: str, bare: str) -> list[Heat]:
    bolt, nothing = f"{bare}/slack/events", f"{bare}/nothing"
    kept, sent = requests.kept_submission, requests.submission
    return [
        Heat(
            "/ticket is typed",
            Contender("the desk (opens the form)", desk, requests.command),
            (
                Contender("bare Bolt that opens a view", bolt, requests.command_with_view),
                Contender("bare Bolt", bolt, requests.command),
            ),
        ),
        Heat(
            "the form is sent",
            Contender("the desk (stores)", desk, kept, ahead=True, answers="is stored"),
            (
                Contender("bare Bolt", bolt, sent, ahead=True),
                Contender("no Bolt: an empty answer", nothing, sent, ahead=True),
            ),
        ),
    ]


async def _measure(load: Load, heats: list[Heat]) -> None:
    """All in turn, round after round, so that a busy moment of this machine meets all."""
    everybody = [each for heat in heats for each in (heat.desk, *heat.others)]
    for each in everybody:
        await load.put_on(each)
        # Connections, caches and compiled code are warm now; that round does not count.
        each.rounds.clear()
        each.elapsed = 0.0
    for _ in range(ROUNDS):
        for each in everybody:
            await load.put_on(each)


def _bare(world: World, url: str) -> Process:
    async def ready() -> bool:
        try:
            async with aiohttp.ClientSession() as http, http.post(f"{url}/nothing") as answer:
                return answer.ok
        except aiohttp.ClientError:
            return False

    told = ("PATH", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_API_URL")
    env = {name: world.environment[name] for name in told}
    env |= {"PORT": url.rpartition(":")[2], "PYTHONPATH": str(PROJECT)}
    argv = [sys.executable, "-m", "sandbox.bare_bolt"]
    return Process("bare-bolt", argv, ready=ready, folder=world.folder, env=env)


def _report(world: World, heats: list[Heat], *, sent: int, stored: int) -> str:
    return "\n".join(
        [
            f"{platform.python_implementation()} {platform.python_version()}, "
            f"{os.cpu_count()} cores, {' and '.join(world.servers.names)}",
            f"{USERS} people at once, each waits for the answer; "
            f"{ROUNDS} rounds of {REQUESTS} requests each, in turn",
            "",
            f"{'':<42}{'req/s':>7}{'p50 ms':>8}{'p95 ms':>8}   the desk takes",
            *(line for heat in heats for line in _rows(heat)),
            "",
            f"Of {sent} forms sent to the desk, {stored} are stored.",
            "",
            "Load generator and simulated Slack are one process on the same cores: their share",
            "is in every figure, and makes the ratios smaller; 'no Bolt' is little else.",
            "The worker is stopped, as it is no part of an answer.",
        ]
    )


def _rows(heat: Heat) -> Iterator[str]:
    yield heat.what
    for each in (heat.desk, *heat.others):
        p50, p95 = each.quantile(50), each.quantile(95)
        row = f"  {each.name:<40}{each.throughput:>7.0f}{p50 * 1000:>8.1f}{p95 * 1000:>8.1f}"
        if each is not heat.desk:
            row += f"{heat.ratio(each, 50):>8.1f} × p50{heat.ratio(each, 95):>6.1f} × p95"
        yield row


def _quantile(seconds: list[float], percent: int) -> float:
    return quantiles(seconds, n=100)[percent - 1]


if __name__ == "__main__":
    sys.exit(asyncio.run(bench()))
