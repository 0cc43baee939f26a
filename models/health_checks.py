"""Checks Slack, MongoDB, Redis and the worker; a service that does not answer is a result, too."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from datetime import timedelta

from models.clock import utc_now
from models.errors import DatabaseUnavailable, ExternalServiceError
from models.health import CheckResult, DeadStepGroup, HealthReport, group_dead_steps
from models.infra.document_reader import UnreadableDocument, list_unreadable
from models.ticket_service import TicketService
from models.ticket_store.store import INDEX_NAMES

# manifest.yml requests the same scopes and says why; a test compares the two lists.
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
# Signed requests expire after five minutes. A wrong clock is reported well before that.
MAX_CLOCK_SKEW = timedelta(seconds=60)
_CHECK_TIMEOUT_SECONDS = 10
_MIN_MONGODB_VERSION = (4, 4)
_CLOCK_REMEDY = (
    "Set this machine's clock, best by NTP. With a wrong clock the bot refuses Slack's requests."
)


async def run_health_checks(
    service: TicketService, *extra_checks: Awaitable[list[CheckResult]]
) -> HealthReport:
    """The results of all checks, and the tickets that need an admin.

    Args:
        service: the service whose Slack, MongoDB and Redis are checked.
        extra_checks: checks that only the caller can make.
    """
    checks = [_check_slack(service), _check_database(service), _check_redis(service), *extra_checks]
    results = await asyncio.gather(*(_run_check(check) for check in checks))
    dead_steps, quarantined = await _find_stuck_tickets(service)
    unreadable = await _find_unreadable_documents(service)
    # Quarantined tickets are listed on their own, with a button.
    other_unreadable = [one for one in unreadable if one.document_id not in quarantined]
    return HealthReport(
        results=tuple(result for group in results for result in group),
        dead_steps=dead_steps,
        quarantined=quarantined,
        unreadable=tuple(other_unreadable),
    )


async def _run_check(check: Awaitable[list[CheckResult]]) -> list[CheckResult]:
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_SECONDS):
            return await check
    except TimeoutError:
        status = f"no result within {_CHECK_TIMEOUT_SECONDS} s"
        return [CheckResult("one check", status, "Look at the logs of the bot and the worker.")]


async def _find_stuck_tickets(
    service: TicketService,
) -> tuple[tuple[DeadStepGroup, ...], dict[str, str]]:
    try:
        dead = group_dead_steps(await service.tickets.dead_tickets(limit=MAX_REPORTED_TICKETS))
        return dead, await service.tickets.quarantined_tickets(limit=MAX_REPORTED_TICKETS)
    except DatabaseUnavailable:
        return (), {}


async def _find_unreadable_documents(service: TicketService) -> list[UnreadableDocument]:
    with suppress(DatabaseUnavailable):
        return await list_unreadable(service.database)
    return []


async def _check_slack(service: TicketService) -> list[CheckResult]:
    try:
        credentials = await service.slack.token_info()
    except ExternalServiceError as error:
        remedy = "Check SLACK_BOT_TOKEN, and whether this machine can reach slack.com."
        return [CheckResult("Slack", str(error), remedy)]
    missing = sorted(REQUIRED_SCOPES - credentials.scopes)
    scopes = CheckResult(
        "Slack scopes",
        f"missing: {', '.join(missing)}" if missing else "all granted",
        "Add them to the app (see manifest.yml) and reinstall it." if missing else "",
    )
    skew = abs(utc_now() - credentials.slack_time)
    clock = CheckResult(
        "clock",
        f"{skew.total_seconds():.0f} s off Slack's clock",
        _CLOCK_REMEDY if skew > MAX_CLOCK_SKEW else "",
    )
    return [CheckResult("Slack", f"workspace {credentials.identity.team_name}"), scopes, clock]


async def _check_database(service: TicketService) -> list[CheckResult]:
    try:
        version, indexes = await service.database.read_server_info()
    except DatabaseUnavailable:
        return [CheckResult("MongoDB", "does not answer", "Start it, or check MONGODB_URI.")]
    missing = sorted(INDEX_NAMES - indexes)
    outdated = version < _MIN_MONGODB_VERSION
    lost_cards = len(await service.tickets.tickets_with_lost_card(limit=MAX_REPORTED_TICKETS))
    return [
        CheckResult(
            "cards",
            f"{lost_cards} open tickets whose people have no card"
            if lost_cards
            else "everybody with an open ticket has a card",
            "The worker sends them within a minute. If not, look at its log." if lost_cards else "",
        ),
        *(await _check_migration(service)),
        CheckResult(
            "MongoDB",
            ".".join(map(str, version)),
            "Upgrade MongoDB: Frontdesk needs version 4.4 or newer." if outdated else "",
        ),
        CheckResult(
            "MongoDB indexes",
            f"missing: {', '.join(missing)}" if missing else "all present",
            "Restart the bot: it creates them when it starts." if missing else "",
        ),
    ]


async def _check_migration(service: TicketService) -> list[CheckResult]:
    if await service.ticket_migration.is_done():
        return []
    status = "tickets of an earlier release are being migrated; nothing is lost meanwhile"
    return [CheckResult("migration", status)]


async def _check_redis(service: TicketService) -> list[CheckResult]:
    try:
        version, policy, full, heartbeat = await service.step_queue.redis_status()
    except DatabaseUnavailable:
        return [CheckResult("Redis", "does not answer", "Start it, or check REDIS_URL.")]
    evicts = policy != "noeviction"
    remedy = "Set maxmemory-policy to noeviction. Redis may delete jobs." if evicts else ""
    if full:
        remedy = "Redis is full. Raise maxmemory. Until then no worker is woken."
    breakers = await service.outbound_calls.breaker_states()
    open_breakers = [name for name, is_open in breakers.items() if is_open]
    return [
        CheckResult("Redis", f"{version}, {policy}", remedy),
        CheckResult(
            "worker",
            "at least one worker is running" if heartbeat else "no worker is running",
            "" if heartbeat else "Start one: arq jobs.worker.WorkerSettings",
        ),
        CheckResult(
            "circuit breakers",
            f"open: {', '.join(open_breakers)}" if open_breakers else "all closed",
            "No action is needed: the worker tries again by itself." if open_breakers else "",
        ),
    ]
