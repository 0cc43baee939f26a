"""The bot's answers per second to Slack, compared with minimal Bolt apps on the same machine.

The apps take turns in each round, so that a busy moment of the machine affects all of them. A
ratio is the median over all rounds.
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

FRONTDESK = "Frontdesk"
BOLT_PYTHON, BOLT_JAVASCRIPT = "minimal Bolt for Python", "minimal Bolt for JavaScript"


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """The number of rounds and the requests per round.

    Attributes:
        rounds: the number of measured rounds.
        requests: the number of requests per round and app.
        include_javascript: also measure an app with Bolt for JavaScript.
    """

    rounds: int = 7
    requests: int = 960
    include_javascript: bool = True


@dataclass(frozen=True, slots=True)
class RequestKind:
    """One kind of request that all apps get.

    Attributes:
        label: the name of the measurement.
        make_request: makes a new request.
        status: the expected status.
        min_rate_ratio: the lower limit of the ratio of answers per second.
        max_p99_ratio: the upper limit of the ratio of the 99th percentile, or None.
        request_factor: multiplies the requests of fast kinds, so that a round is long enough.
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
    """Measure all kinds of requests."""
    deployment = environment.new_deployment()
    await environment.start_bot(deployment)
    bot_url = f"{deployment.url}/slack/events"
    await send_requests(
        Target(bot_url), [slack_requests.ticket_command() for _ in range(PEOPLE)], clients=PEOPLE
    )
    form = await environment.last_form()
    path = environment.folder / "form.json"
    path.write_text(json.dumps(form), encoding="utf-8")
    urls = {
        FRONTDESK: bot_url,
        BOLT_PYTHON: await _start_bolt_python(environment, deployment, str(path)),
    }
    if plan.include_javascript and (
        javascript_url := await bolt_js_baseline.start_bolt_js(
            environment, deployment, form=str(path)
        )
    ):
        urls[BOLT_JAVASCRIPT] = javascript_url
    kinds = (
        RequestKind("`/ticket`", slack_requests.ticket_command, 200, 0.8, 1.5),
        RequestKind(
            "submitted form",
            lambda: slack_requests.form_submission(form),
            200,
            0.7,
            None,
        ),
        RequestKind(
            "invalid signature, refused", _badly_signed_request, 401, 2.0, None, request_factor=5
        ),
    )
    rows = []
    for kind in kinds:
        report_progress(kind.label)
        rows += await _measure_kind(kind, urls, plan)
    stored = await environment.database(deployment).tickets.count_documents({})
    if stored != (plan.rounds + 1) * plan.requests:
        raise RuntimeError(f"only {stored} tickets are stored, so some answers were wrong")
    return rows


async def _measure_kind(
    kind: RequestKind, urls: dict[str, str], plan: RoundPlan
) -> list[ComparisonRow]:
    results: dict[str, list[LoadResult]] = {name: [] for name in urls}
    for _ in range(plan.rounds + 1):
        for name, url in urls.items():
            requests = [kind.make_request() for _ in range(plan.requests * kind.request_factor)]
            target = Target(url, kind.status)
            results[name].append(await send_requests(target, requests, clients=PEOPLE))
    # The first round opens connections, fills caches and compiles code.
    return [
        row
        for name in urls
        if name != FRONTDESK
        for row in _comparison_rows(kind, results[FRONTDESK][1:], name, results[name][1:])
    ]


def _comparison_rows(
    kind: RequestKind, own: Sequence[LoadResult], name: str, other: Sequence[LoadResult]
) -> list[ComparisonRow]:
    has_limit = name == BOLT_PYTHON
    pairs = list(zip(own, other, strict=True))
    rate = ComparisonRow(
        label=f"{kind.label}: answers per second",
        own_value=f"{median(result.rate for result in own):,.0f}",
        baseline=name,
        baseline_value=f"{median(result.rate for result in other):,.0f}",
        ratio=median(a.rate / b.rate for a, b in pairs),
        min_ratio=kind.min_rate_ratio if has_limit else None,
    )
    p99 = ComparisonRow(
        label=f"{kind.label}: p99 with {PEOPLE} clients",
        own_value=f"{1000 * median(result.percentile_seconds(99) for result in own):.0f} ms",
        baseline=name,
        baseline_value=f"{1000 * median(result.percentile_seconds(99) for result in other):.0f} ms",
        ratio=median(a.percentile_seconds(99) / b.percentile_seconds(99) for a, b in pairs),
        max_ratio=kind.max_p99_ratio if has_limit else None,
    )
    return [rate, p99]


def _badly_signed_request() -> Request:
    return slack_requests.badly_signed(slack_requests.ticket_command())


async def _start_bolt_python(
    environment: BenchEnvironment, deployment: Deployment, form: str
) -> str:
    env = {**deployment.environment, "PORT": str(find_free_port()), "FORM": form}
    url = f"http://127.0.0.1:{env['PORT']}/slack/events"

    await environment.start_process(
        "bolt-python",
        "-m",
        "tests.bench.bolt_baseline",
        env=env,
        ready=environment.accepts_requests(url),
    )
    return url
