"""Looks at all that the desk stands on; each look ends in a finding, whatever happens."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

from models.clock import utc_now
from models.errors import DatabaseUnavailable, ExternalServiceError
from models.health import CheckResult, DeadStepGroup, HealthReport, group_dead_steps
from models.ticket_service import TicketService
from models.tickets.store import INDEX_NAMES

# What the manifest asks for, and why, stands in manifest.yml; a test compares them.
REQUIRED_SCOPES = frozenset(
    {
        "chat:write",
        "commands",
        "im:history",
        "im:write",
        "usergroups:read",
        "users:read",
        "users:read.email",
    }
)
MAX_REPORTED_TICKETS = 500
# Slack refuses to be believed when clocks differ by more: signatures are only good that long.
MAX_CLOCK_SKEW = timedelta(seconds=60)
_CHECK_TIMEOUT_SECONDS = 10
_MIN_MONGODB_VERSION = (4, 4)


async def run_health_checks(
    service: TicketService, *extra_checks: Awaitable[list[CheckResult]]
) -> HealthReport:
    """How the desk is.

    Args:
        more: looks at what only the caller can see.
    """
    looks = [_check_slack(service), _check_database(service), _check_redis(service), *extra_checks]
    findings = await asyncio.gather(*(_run_check(look) for look in looks))
    dead, set_aside = await _find_stuck_tickets(service)
    return HealthReport(
        results=tuple(one for some in findings for one in some),
        dead_steps=dead,
        quarantined=set_aside,
    )


async def _run_check(check: Awaitable[list[CheckResult]]) -> list[CheckResult]:
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_SECONDS):
            return await check
    except TimeoutError:
        return [CheckResult("a check", "took too long", "Look at the logs of bot and worker.")]


async def _find_stuck_tickets(
    service: TicketService,
) -> tuple[tuple[DeadStepGroup, ...], dict[str, str]]:
    try:
        dead = group_dead_steps(await service.tickets.dead_tickets(limit=MAX_REPORTED_TICKETS))
        return dead, await service.tickets.quarantined_tickets(limit=MAX_REPORTED_TICKETS)
    except DatabaseUnavailable:
        return (), {}


async def _check_slack(service: TicketService) -> list[CheckResult]:
    try:
        credentials = await service.slack.token_info()
    except ExternalServiceError as error:
        todo = "Check SLACK_BOT_TOKEN, and whether this machine reaches slack.com."
        return [CheckResult("Slack", str(error), todo)]
    missing = sorted(REQUIRED_SCOPES - credentials.scopes)
    scopes = CheckResult(
        "Slack's scopes",
        f"missing: {', '.join(missing)}" if missing else "all granted",
        "Add them to the app (see manifest.yml) and install it again." if missing else "",
    )
    skew = abs(utc_now() - credentials.slack_time)
    late = skew > MAX_CLOCK_SKEW
    clock = CheckResult(
        "clock",
        f"{skew.total_seconds():.0f} s off Slack's",
        "Set this machine's clock, best by NTP: Slack's requests are refused." if late else "",
    )
    return [CheckResult("Slack", f"workspace {credentials.identity.team_name}"), scopes, clock]


async def _check_database(service: TicketService) -> list[CheckResult]:
    try:
        version, indexes = await service.database.read_server_info()
    except DatabaseUnavailable:
        return [CheckResult("MongoDB", "does not answer", "Start it, or check MONGODB_URI.")]
    missing = sorted(INDEX_NAMES - indexes)
    old = version < _MIN_MONGODB_VERSION
    return [
        CheckResult(
            "MongoDB",
            ".".join(map(str, version)),
            "The desk needs MongoDB 4.4 or newer." if old else "",
        ),
        CheckResult(
            "MongoDB's indexes",
            f"missing: {', '.join(missing)}" if missing else "all there",
            "Start the bot again: it makes them." if missing else "",
        ),
    ]


async def _check_redis(service: TicketService) -> list[CheckResult]:
    try:
        version, policy, full, heartbeat = await service.step_queue.redis_status()
    except DatabaseUnavailable:
        return [CheckResult("Redis", "does not answer", "Start it, or check REDIS_URL.")]
    evicts = policy != "noeviction"
    todo = "Set maxmemory-policy to noeviction: Redis may forget jobs." if evicts else ""
    if full:
        todo = "Redis is full: give it more memory (maxmemory). Until then nothing is rung for."
    resting = [
        name for name, rests in (await service.outbound_calls.breaker_states()).items() if rests
    ]
    return [
        CheckResult("Redis", f"{version}, {policy}", todo),
        CheckResult(
            "worker",
            "seen in the last seconds" if heartbeat else "not seen for the last seconds",
            "" if heartbeat else "Start one: arq jobs.worker.WorkerSettings",
        ),
        CheckResult(
            "circuit breakers",
            f"resting: {', '.join(resting)}" if resting else "all closed",
            "Nothing: the desk tries again by itself." if resting else "",
        ),
    ]
