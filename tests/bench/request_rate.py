"""How many answers a second the desk gives to Slack, beside a bare Bolt handler on the same core.

All are asked in turn, round after round, so that a busy moment of this machine meets each of them;
a ratio is that of the middle one of the rounds.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from sandbox.services.database_servers import find_free_port
from tests.bench import bolt_js_baseline, slack_requests
from tests.bench.environment import BenchEnvironment, Deployment
from tests.bench.load_generator import LoadResult, Target, send_requests
from tests.bench.report import ComparisonRow
from tests.bench.slack_requests import PEOPLE, Request

BOLT_PYTHON, BOLT_JAVASCRIPT = "bare Bolt for Python", "bare Bolt for JavaScript"


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """How much is asked of each of them: so many rounds of so many requests.

    Attributes:
        others: whether also of what people would take instead of Bolt for Python.
    """

    rounds: int = 7
    requests: int = 960
    include_javascript: bool = True


@dataclass(frozen=True, slots=True)
class RequestKind:
    """One thing that all are asked for.

    Attributes:
        times: so many times as often as the others: a round must take longer than its beginning.
        least: what the desk's answers a second must be, by those of bare Bolt.
        slowest: the same of the time that 99 of 100 take at most; None: it is only told.
    """

    label: str
    make_request: Callable[[], Request]
    status: int
    min_rate_ratio: float
    max_p99_ratio: float | None
    request_factor: int = 1


async def measure(
    environment: BenchEnvironment,
    report_progress: Callable[[str], None],
    plan: RoundPlan = RoundPlan(),
) -> list[ComparisonRow]:
    """The rows about answers."""
    place = environment.new_deployment()
    await environment.start_bot(place)
    service = f"{place.url}/slack/events"
    await send_requests(
        Target(service), [slack_requests.ticket_command() for _ in range(PEOPLE)], clients=PEOPLE
    )
    form = await environment.last_form()
    path = environment.folder / "form.json"
    path.write_text(json.dumps(form), encoding="utf-8")
    doors = {"desk": service, BOLT_PYTHON: await _start_bolt_python(environment, place, str(path))}
    if plan.include_javascript and (
        address := await bolt_js_baseline.start_bolt_js(environment, place, form=str(path))
    ):
        doors[BOLT_JAVASCRIPT] = address
    heats = (
        RequestKind("`/ticket` answered", slack_requests.ticket_command, 200, 0.8, 1.5),
        RequestKind(
            "a form answered and stored",
            lambda: slack_requests.form_submission(form),
            200,
            0.7,
            None,
        ),
        RequestKind(
            "badly signed, refused", _badly_signed_request, 401, 2.0, None, request_factor=5
        ),
    )
    rows = []
    for heat in heats:
        report_progress(heat.label)
        rows += await _measure_kind(heat, doors, plan)
    stored = await environment.database(place).tickets.count_documents({})
    if stored != (plan.rounds + 1) * plan.requests:
        raise RuntimeError(f"{stored} tickets are stored: some answers were none")
    return rows


async def _measure_kind(
    heat: RequestKind, doors: dict[str, str], length: RoundPlan
) -> list[ComparisonRow]:
    found: dict[str, list[LoadResult]] = {name: [] for name in doors}
    for _ in range(length.rounds + 1):
        for name, url in doors.items():
            asked = [heat.make_request() for _ in range(length.requests * heat.request_factor)]
            found[name].append(await send_requests(Target(url, heat.status), asked, clients=PEOPLE))
    # In the first round connections were made, caches filled, and code compiled.
    return [
        row
        for name in doors
        if name != "desk"
        for row in _comparison_rows(heat, found["desk"][1:], name, found[name][1:])
    ]


def _comparison_rows(
    heat: RequestKind, service: Sequence[LoadResult], name: str, other: Sequence[LoadResult]
) -> list[ComparisonRow]:
    judged = name == BOLT_PYTHON
    pairs = list(zip(service, other, strict=True))
    rate = ComparisonRow(
        label=f"{heat.label}, a second",
        own_value=f"{median(one.rate for one in service):,.0f}",
        baseline=name,
        baseline_value=f"{median(one.rate for one in other):,.0f}",
        ratio=median(a.rate / b.rate for a, b in pairs),
        min_ratio=heat.min_rate_ratio if judged else None,
    )
    slowest = ComparisonRow(
        label=f"{heat.label}, p99 of {PEOPLE} at once",
        own_value=f"{1000 * median(one.percentile_seconds(99) for one in service):.0f} ms",
        baseline=name,
        baseline_value=f"{1000 * median(one.percentile_seconds(99) for one in other):.0f} ms",
        ratio=median(a.percentile_seconds(99) / b.percentile_seconds(99) for a, b in pairs),
        max_ratio=heat.max_p99_ratio if judged else None,
    )
    return [rate, slowest]


def _badly_signed_request() -> Request:
    return slack_requests.badly_signed(slack_requests.ticket_command())


async def _start_bolt_python(stage: BenchEnvironment, place: Deployment, form: str) -> str:
    env = {**place.environment, "PORT": str(find_free_port()), "FORM": form}
    url = f"http://127.0.0.1:{env['PORT']}/slack/events"

    await stage.start_process(
        "bare", "-m", "tests.bench.bolt_baseline", env=env, ready=stage.accepts_requests(url)
    )
    return url
