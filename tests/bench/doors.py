"""How many answers a second the desk gives to Slack, beside a bare Bolt handler on the same core.

All are asked in turn, round after round, so that a busy moment of this machine meets each of them;
a ratio is that of the middle one of the rounds.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from sandbox.servers import free_port
from tests.bench import javascript, requests
from tests.bench.load import Measured, Target, put_on
from tests.bench.report import Row
from tests.bench.requests import PEOPLE, Request
from tests.bench.stage import Place, Stage

BARE, JAVASCRIPT = "bare Bolt for Python", "bare Bolt for JavaScript"


@dataclass(frozen=True, slots=True)
class Length:
    """How much is asked of each of them: so many rounds of so many requests.

    Attributes:
        others: whether also of what people would take instead of Bolt for Python.
    """

    rounds: int = 7
    requests: int = 960
    others: bool = True


@dataclass(frozen=True, slots=True)
class Heat:
    """One thing that all are asked for.

    Attributes:
        times: so many times as often as the others: a round must take longer than its beginning.
        least: what the desk's answers a second must be, by those of bare Bolt.
        slowest: the same of the time that 99 of 100 take at most; None: it is only told.
    """

    what: str
    make: Callable[[], Request]
    status: int
    least: float
    slowest: float | None
    times: int = 1


async def measure(
    stage: Stage, tell: Callable[[str], None], length: Length = Length()
) -> list[Row]:
    """The rows about answers."""
    place = stage.new_place()
    await stage.bot(place)
    desk = f"{place.url}/slack/events"
    await put_on(Target(desk), [requests.command() for _ in range(PEOPLE)], people=PEOPLE)
    form = await stage.last_form()
    path = stage.folder / "form.json"
    path.write_text(json.dumps(form), encoding="utf-8")
    doors = {"desk": desk, BARE: await _bare(stage, place, str(path))}
    if length.others and (address := await javascript.start(stage, place, form=str(path))):
        doors[JAVASCRIPT] = address
    heats = (
        Heat("`/ticket` answered", requests.command, 200, 0.8, 1.5),
        Heat("a form answered and stored", lambda: requests.submission(form), 200, 0.7, None),
        Heat("badly signed, refused", _unsigned, 401, 2.0, None, times=5),
    )
    rows = []
    for heat in heats:
        tell(heat.what)
        rows += await _heat(heat, doors, length)
    stored = await stage.database(place).tickets.count_documents({})
    if stored != (length.rounds + 1) * length.requests:
        raise RuntimeError(f"{stored} tickets are stored: some answers were none")
    return rows


async def _heat(heat: Heat, doors: dict[str, str], length: Length) -> list[Row]:
    found: dict[str, list[Measured]] = {name: [] for name in doors}
    for _ in range(length.rounds + 1):
        for name, url in doors.items():
            asked = [heat.make() for _ in range(length.requests * heat.times)]
            found[name].append(await put_on(Target(url, heat.status), asked, people=PEOPLE))
    # In the first round connections were made, caches filled, and code compiled.
    return [
        row
        for name in doors
        if name != "desk"
        for row in _rows(heat, found["desk"][1:], name, found[name][1:])
    ]


def _rows(heat: Heat, desk: Sequence[Measured], name: str, other: Sequence[Measured]) -> list[Row]:
    judged = name == BARE
    pairs = list(zip(desk, other, strict=True))
    rate = Row(
        what=f"{heat.what}, a second",
        desk=f"{median(one.rate for one in desk):,.0f}",
        against=name,
        other=f"{median(one.rate for one in other):,.0f}",
        ratio=median(a.rate / b.rate for a, b in pairs),
        least=heat.least if judged else None,
    )
    slowest = Row(
        what=f"{heat.what}, p99 of {PEOPLE} at once",
        desk=f"{1000 * median(one.quantile(99) for one in desk):.0f} ms",
        against=name,
        other=f"{1000 * median(one.quantile(99) for one in other):.0f} ms",
        ratio=median(a.quantile(99) / b.quantile(99) for a, b in pairs),
        most=heat.slowest if judged else None,
    )
    return [rate, slowest]


def _unsigned() -> Request:
    return requests.badly_signed(requests.command())


async def _bare(stage: Stage, place: Place, form: str) -> str:
    env = {**place.environment, "PORT": str(free_port()), "FORM": form}
    url = f"http://127.0.0.1:{env['PORT']}/slack/events"

    await stage.run("bare", "-m", "tests.bench.bare", env=env, ready=stage.listens(url))
    return url
