"""Looks at all that the desk stands on; each look ends in a finding, whatever happens."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

from models.clock import now
from models.desk import Desk
from models.errors import OutsideError, Unavailable
from models.health import Dead, Finding, Health, dead_by_kind
from models.store import INDEXES

# What the manifest asks for, and why, stands in manifest.yml; a test compares them.
NEEDED_SCOPES = frozenset(
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
MOST_TICKETS = 500
# Slack refuses to be believed when clocks differ by more: signatures are only good that long.
WORST_SKEW = timedelta(seconds=60)
_LOOK_SECONDS = 10
_OLDEST_MONGODB = (4, 4)


async def examine(desk: Desk, *more: Awaitable[list[Finding]]) -> Health:
    """How the desk is.

    Args:
        more: looks at what only the caller can see.
    """
    looks = [_slack(desk), _database(desk), _redis(desk), *more]
    findings = await asyncio.gather(*(_in_time(look) for look in looks))
    dead, set_aside = await _stuck(desk)
    return Health(
        findings=tuple(one for some in findings for one in some), dead=dead, set_aside=set_aside
    )


async def _in_time(look: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            return await look
    except TimeoutError:
        return [Finding("a check", "took too long", "Look at the logs of bot and worker.")]


async def _stuck(desk: Desk) -> tuple[tuple[Dead, ...], dict[str, str]]:
    try:
        dead = dead_by_kind(await desk.store.dead_tickets(limit=MOST_TICKETS))
        return dead, await desk.store.set_aside(limit=MOST_TICKETS)
    except Unavailable:
        return (), {}


async def _slack(desk: Desk) -> list[Finding]:
    try:
        credentials = await desk.slack.credentials()
    except OutsideError as error:
        todo = "Check SLACK_BOT_TOKEN, and whether this machine reaches slack.com."
        return [Finding("Slack", str(error), todo)]
    missing = sorted(NEEDED_SCOPES - credentials.scopes)
    scopes = Finding(
        "Slack's scopes",
        f"missing: {', '.join(missing)}" if missing else "all granted",
        "Add them to the app (see manifest.yml) and install it again." if missing else "",
    )
    skew = abs(now() - credentials.at)
    late = skew > WORST_SKEW
    clock = Finding(
        "clock",
        f"{skew.total_seconds():.0f} s off Slack's",
        "Set this machine's clock, best by NTP: Slack's requests are refused." if late else "",
    )
    return [Finding("Slack", f"workspace {credentials.identity.team_name}"), scopes, clock]


async def _database(desk: Desk) -> list[Finding]:
    try:
        version, indexes = await desk.database.examine()
    except Unavailable:
        return [Finding("MongoDB", "does not answer", "Start it, or check MONGODB_URI.")]
    missing = sorted(INDEXES - indexes)
    old = version < _OLDEST_MONGODB
    return [
        Finding(
            "MongoDB",
            ".".join(map(str, version)),
            "The desk needs MongoDB 4.4 or newer." if old else "",
        ),
        Finding(
            "MongoDB's indexes",
            f"missing: {', '.join(missing)}" if missing else "all there",
            "Start the bot again: it makes them." if missing else "",
        ),
    ]


async def _redis(desk: Desk) -> list[Finding]:
    try:
        version, policy, full, heartbeat = await desk.queue.examine()
    except Unavailable:
        return [Finding("Redis", "does not answer", "Start it, or check REDIS_URL.")]
    evicts = policy != "noeviction"
    todo = "Set maxmemory-policy to noeviction: Redis may forget jobs." if evicts else ""
    if full:
        todo = "Redis is full: give it more memory (maxmemory). Until then nothing is rung for."
    resting = [service for service, rests in (await desk.gate.breakers()).items() if rests]
    return [
        Finding("Redis", f"{version}, {policy}", todo),
        Finding(
            "worker",
            "seen in the last seconds" if heartbeat else "not seen for the last seconds",
            "" if heartbeat else "Start one: arq jobs.worker.WorkerSettings",
        ),
        Finding(
            "circuit breakers",
            f"resting: {', '.join(resting)}" if resting else "all closed",
            "Nothing: the desk tries again by itself." if resting else "",
        ),
    ]
