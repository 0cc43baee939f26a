"""Checks Slack, MongoDB, Redis and the worker; a service that does not answer is a result, too."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from models.clock import utc_now
from models.errors import DatabaseUnavailable, ExternalServiceError
from models.health import (
    MAX_REPORTED_TICKETS,
    CheckResult,
    DeadStepGroup,
    HealthReport,
    group_dead_steps,
)
from models.infra.database import Database
from models.infra.document_reader import UnreadableDocument, list_unreadable
from models.infra.outbound_calls import OutboundCalls
from models.job_queue.step_queue import StepQueue
from models.messages.slack_client import SlackClient
from models.settings import Settings
from models.ticket_store.migration import TicketMigration
from models.ticket_store.store import INDEX_NAMES, TicketStore

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
# Signed requests expire after five minutes. A wrong clock is reported well before that.
MAX_CLOCK_SKEW = timedelta(seconds=60)
_CHECK_TIMEOUT_SECONDS = 10
_WORKER_TIMEOUT_SECONDS = 5
_MIN_MONGODB_VERSION = (4, 4)
_CLOCK_REMEDY = (
    "Set this machine's clock, best by NTP. With a wrong clock the bot refuses Slack's requests."
)
_NO_WORKER_RESULT = CheckResult(
    "checks by the worker", "no worker answered", "Start a worker, or read its log."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthChecks:
    """Checks the parts of Frontdesk that bot, worker and doctor share."""

    database: Database
    slack: SlackClient
    step_queue: StepQueue
    outbound_calls: OutboundCalls
    tickets: TicketStore
    ticket_migration: TicketMigration
    settings: Settings

    async def run(self, *extra_checks: Awaitable[list[CheckResult]]) -> HealthReport:
        """The results of all checks, and the tickets that need an admin.

        Args:
            extra_checks: checks that only the caller can make.
        """
        checks = [self._check_slack(), self._check_database(), self._check_redis(), *extra_checks]
        results = await asyncio.gather(*(_run_check(check) for check in checks))
        dead_steps, quarantined = await self._find_stuck_tickets()
        unreadable = await self._find_unreadable_documents()
        # Quarantined tickets are listed on their own, with a button.
        other_unreadable = [one for one in unreadable if one.document_id not in quarantined]
        return HealthReport(
            results=tuple(result for group in results for result in group),
            dead_steps=dead_steps,
            quarantined=quarantined,
            unreadable=tuple(other_unreadable),
        )

    async def run_in_bot(self) -> HealthReport:
        """The report for an admin, with the checks that a worker makes."""
        return await self.run(self._check_requests(), self._check_worker())

    async def _check_requests(self) -> list[CheckResult]:
        """The check of Slack's requests; the admin's click has just proved that they arrive."""
        transport = "Socket Mode" if self.settings.slack_app_token else "HTTP"
        return [CheckResult("Slack's requests", f"arrive, by {transport}")]

    async def _check_worker(self) -> list[CheckResult]:
        """The checks that only a worker can make; it is asked through the job queue."""
        results = await self.step_queue.call_worker(
            "examine_outside", timeout_seconds=_WORKER_TIMEOUT_SECONDS
        )
        if not results:
            return [_NO_WORKER_RESULT]
        return [CheckResult(name, status, remedy) for name, status, remedy in results]

    async def _find_stuck_tickets(
        self,
    ) -> tuple[tuple[DeadStepGroup, ...], dict[str, str]]:
        try:
            dead = group_dead_steps(await self.tickets.dead_tickets(limit=MAX_REPORTED_TICKETS))
            return dead, await self.tickets.quarantined_tickets(limit=MAX_REPORTED_TICKETS)
        except DatabaseUnavailable:
            return (), {}

    async def _find_unreadable_documents(self) -> list[UnreadableDocument]:
        with suppress(DatabaseUnavailable):
            return await list_unreadable(self.database)
        return []

    async def _check_slack(self) -> list[CheckResult]:
        try:
            credentials = await self.slack.token_info()
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

    async def _check_database(self) -> list[CheckResult]:
        try:
            version, indexes = await self.database.read_server_info()
        except DatabaseUnavailable:
            return [CheckResult("MongoDB", "does not answer", "Start it, or check MONGODB_URI.")]
        missing = sorted(INDEX_NAMES - indexes)
        outdated = version < _MIN_MONGODB_VERSION
        lost_cards = len(await self.tickets.tickets_with_lost_card(limit=MAX_REPORTED_TICKETS))
        return [
            CheckResult(
                "cards",
                f"{lost_cards} open tickets whose people have no card"
                if lost_cards
                else "everybody with an open ticket has a card",
                "The worker sends them within a minute. If not, look at its log."
                if lost_cards
                else "",
            ),
            *(await self._check_migration()),
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

    async def _check_migration(self) -> list[CheckResult]:
        if await self.ticket_migration.is_done():
            return []
        status = "tickets of an earlier release are being migrated; nothing is lost meanwhile"
        return [CheckResult("migration", status)]

    async def _check_redis(self) -> list[CheckResult]:
        try:
            version, policy, full, heartbeat = await self.step_queue.redis_status()
        except DatabaseUnavailable:
            return [CheckResult("Redis", "does not answer", "Start it, or check REDIS_URL.")]
        evicts = policy != "noeviction"
        remedy = "Set maxmemory-policy to noeviction. Redis may delete jobs." if evicts else ""
        if full:
            remedy = "Redis is full. Raise maxmemory. Until then no worker is woken."
        breakers = await self.outbound_calls.breaker_states()
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


async def _run_check(check: Awaitable[list[CheckResult]]) -> list[CheckResult]:
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_SECONDS):
            return await check
    except TimeoutError:
        status = f"no result within {_CHECK_TIMEOUT_SECONDS} s"
        return [CheckResult("one check", status, "Look at the logs of the bot and the worker.")]
