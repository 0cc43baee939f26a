"""`frontdesk doctor`: looks at all that the desk stands on, and says what to do."""

import asyncio
import sys
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import aiohttp
from pydantic import SecretStr

from jobs import smtp
from jobs.gemini import Gemini, GeminiFailed
from jobs.retrying import Tools
from models.desk import Desk
from models.doctor import examine
from models.errors import OutsideError
from models.health import Finding, Health
from models.opening import open_desk
from models.settings import Settings, read_settings
from models.slack import Slack
from models.wording import STEP_WORDS, counted

KEEP_SECONDS = 60
_SECONDS = 8
# A page of somebody else's may answer.
_LONGEST = 200
USAGE = "Usage: frontdesk doctor | frontdesk eval --help"


async def examine_outside(ctx: dict[str, Any]) -> list[list[str]]:
    """What only a worker can see, for the bot to show: each finding as its three words."""
    tools: Tools = ctx["tools"]
    found = await _outside(tools.desk.settings, tools.gemini)
    return [[one.what, one.says, one.todo] for one in found]


def main() -> None:
    """Print how the desk is; exit code 1 when there is something to do."""
    if sys.argv[1:2] == ["eval"]:
        # What the doctor needs should not wait for what engines need.
        from jobs.evaluating import evaluate  # noqa: PLC0415

        return evaluate(sys.argv[2:])
    if sys.argv[1:] != ["doctor"]:
        sys.exit(USAGE)
    health = asyncio.run(_examined(read_settings()))
    for line in _lines(health):
        print(line)
    sys.exit(0 if all(one.ok for one in health.findings) and not health.dead else 1)


async def _examined(settings: Settings) -> Health:
    gemini = Gemini.of(settings)
    async with open_desk(
        settings, database_seconds=_SECONDS, slack_seconds=_SECONDS, hurried=True
    ) as desk:
        return await examine(desk, _outside(settings, gemini), _bot(desk))


async def _outside(settings: Settings, gemini: Gemini | None) -> list[Finding]:
    return list(await asyncio.gather(_gemini(gemini), _mail(settings)))


async def _gemini(gemini: Gemini | None) -> Finding:
    if gemini is None:
        return Finding("Gemini", "no GEMINI_API_KEY: the built-in engine triages")
    try:
        await gemini.hello()
    except GeminiFailed as failed:
        return Finding("Gemini", str(failed), "Check GEMINI_API_KEY and GEMINI_MODEL.")
    return Finding("Gemini", gemini.model)


async def _mail(settings: Settings) -> Finding:
    if settings.smtp_host is None:
        return Finding("e-mail", "no SMTP_HOST: nobody gets e-mail")
    try:
        await smtp.log_in(settings)
    except OutsideError as error:
        return Finding("e-mail", str(error), "Check the SMTP_… settings.")
    return Finding("e-mail", f"{settings.smtp_host} takes letters")


async def _bot(desk: Desk) -> list[Finding]:
    """Whether a bot on this machine is ready, and whether what Slack sends would reach it."""
    settings = desk.settings
    here = f"http://{settings.host}:{settings.port}"
    bot = await _readiness("bot", here, todo="Start it: python -m bot")
    if settings.slack_app_token:
        return [bot, await _socket(desk.slack, settings.slack_app_token, bot)]
    return [bot, *await _from_outside(settings.public_url)]


async def _socket(slack: Slack, token: SecretStr, bot: Finding) -> Finding:
    """A bot that is ready has a socket; one that is not may have none for want of a token."""
    try:
        await slack.try_app_token(token)
    except OutsideError as error:
        todo = "Check SLACK_APP_TOKEN (scope connections:write), and that Socket Mode is on."
        return Finding("Socket Mode", str(error), todo)
    says = "connected" if bot.ok else "the token is valid, but no bot is connected"
    return Finding("Socket Mode", says, bot.todo)


async def _from_outside(public_url: str | None) -> list[Finding]:
    if public_url is None:
        return [Finding("bot from outside", "not looked at: PUBLIC_URL is not set")]
    url, todo = public_url.rstrip("/"), "Check PUBLIC_URL, and what stands between it and the bot."
    looks = (_readiness("bot from outside", url, todo=todo), _requests(url, todo=todo))
    return list(await asyncio.gather(*looks))


async def _requests(url: str, *, todo: str) -> Finding:
    """A request that nobody has signed gets as far as one of Slack's: to the bot, which says so."""
    try:
        async with aiohttp.ClientSession() as http, http.post(f"{url}/slack/events") as answer:
            status = answer.status
    except (aiohttp.ClientError, ValueError) as error:
        return Finding("Slack's requests", f"do not arrive ({type(error).__name__})", todo)
    if status == HTTPStatus.UNAUTHORIZED:
        return Finding("Slack's requests", "arrive")
    return Finding("Slack's requests", f"are answered with {status} by somebody else", todo)


async def _readiness(what: str, url: str, *, todo: str) -> Finding:
    try:
        async with aiohttp.ClientSession() as http, http.get(f"{url}/readyz") as answer:
            says = (await answer.text()).strip()
            ready = answer.ok
    except (aiohttp.ClientError, ValueError) as error:
        says, ready = f"not at {url} ({type(error).__name__})", False
    return Finding(what, says[:_LONGEST], "" if ready else todo)


def _lines(health: Health) -> Iterator[str]:
    for one in health.findings:
        yield f"{'ok    ' if one.ok else 'BROKEN'}  {one.what}: {one.says}"
        if one.todo:
            yield f"        → {one.todo}"
    for dead in health.dead:
        amount = counted(len(dead.tickets), "ticket")
        yield f"DEAD    {STEP_WORDS[dead.step]}, {amount} since {dead.since:%Y-%m-%d %H:%M} UTC"
        yield f"        → {dead.reason}; replay it from /ticket admin once that is mended"
    for ticket_id, why in health.set_aside.items():
        yield f"BROKEN  {ticket_id} can't be read"
        yield f"        → {' '.join(why.split())}"


if __name__ == "__main__":
    main()
