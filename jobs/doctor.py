"""`frontdesk doctor`: looks at all that the desk stands on, and says what to do."""

import asyncio
import sys
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import aiohttp
from pydantic import SecretStr

from jobs.engines.gemini import Gemini, GeminiFailure
from jobs.outbox import smtp
from jobs.runner.step_context import StepContext
from models.errors import ExternalServiceError
from models.health import CheckResult, HealthReport
from models.health_checks import run_health_checks
from models.messages.slack_client import SlackClient
from models.messages.texts import STEP_LABELS
from models.open_app import open_app
from models.settings import Settings, read_settings
from models.text import pluralize
from models.ticket_service import TicketService

KEEP_HEALTH_RESULT_SECONDS = 60
_TIMEOUT_SECONDS = 8
# A page of somebody else's may answer.
_MAX_RESPONSE_LENGTH = 200
USAGE = "Usage: frontdesk doctor | frontdesk eval --help"


async def check_external_services(ctx: dict[str, Any]) -> list[list[str]]:
    """What only a worker can see, for the bot to show: each finding as its three words."""
    tools: StepContext = ctx["tools"]
    found = await _external_findings(tools.service.settings, tools.gemini)
    return [[one.name, one.status, one.remedy] for one in found]


def main() -> None:
    """Print how the desk is; exit code 1 when there is something to do."""
    if sys.argv[1:2] == ["eval"]:
        # What the doctor needs should not wait for what engines need.
        from jobs.evaluation.cli import run_cli  # noqa: PLC0415

        return run_cli(sys.argv[2:])
    if sys.argv[1:] != ["doctor"]:
        sys.exit(USAGE)
    health = asyncio.run(_check_all(read_settings()))
    for line in _report_lines(health):
        print(line)
    sys.exit(0 if all(one.is_ok for one in health.results) and not health.dead_steps else 1)


async def _check_all(settings: Settings) -> HealthReport:
    gemini = Gemini.from_settings(settings)
    async with open_app(
        settings,
        database_timeout_seconds=_TIMEOUT_SECONDS,
        slack_timeout_seconds=_TIMEOUT_SECONDS,
        interactive=True,
    ) as service:
        return await run_health_checks(
            service, _external_findings(settings, gemini), _check_bot(service)
        )


async def _external_findings(settings: Settings, gemini: Gemini | None) -> list[CheckResult]:
    return list(await asyncio.gather(_check_gemini(gemini), _check_mail_server(settings)))


async def _check_gemini(gemini: Gemini | None) -> CheckResult:
    if gemini is None:
        return CheckResult("Gemini", "no GEMINI_API_KEY: the built-in engine triages")
    try:
        await gemini.check_connection()
    except GeminiFailure as failed:
        return CheckResult("Gemini", str(failed), "Check GEMINI_API_KEY and GEMINI_MODEL.")
    return CheckResult("Gemini", gemini.model)


async def _check_mail_server(settings: Settings) -> CheckResult:
    if settings.smtp_host is None:
        return CheckResult("e-mail", "no SMTP_HOST: nobody gets e-mail")
    try:
        await smtp.check_login(settings)
    except ExternalServiceError as error:
        return CheckResult("e-mail", str(error), "Check the SMTP_… settings.")
    return CheckResult("e-mail", f"{settings.smtp_host} takes letters")


async def _check_bot(service: TicketService) -> list[CheckResult]:
    """Whether a bot on this machine is ready, and whether what Slack sends would reach it."""
    settings = service.settings
    here = f"http://{settings.host}:{settings.port}"
    bot = await _check_readiness("bot", here, todo="Start it: python -m bot")
    if settings.slack_app_token:
        return [bot, await _check_socket_mode(service.slack, settings.slack_app_token, bot)]
    return [bot, *await _check_public_url(settings.public_url)]


async def _check_socket_mode(
    slack: SlackClient, app_token: SecretStr, bot_finding: CheckResult
) -> CheckResult:
    """A bot that is ready has a socket; one that is not may have none for want of a token."""
    try:
        await slack.check_app_token(app_token)
    except ExternalServiceError as error:
        todo = "Check SLACK_APP_TOKEN (scope connections:write), and that Socket Mode is on."
        return CheckResult("Socket Mode", str(error), todo)
    says = "connected" if bot_finding.is_ok else "the token is valid, but no bot is connected"
    return CheckResult("Socket Mode", says, bot_finding.remedy)


async def _check_public_url(public_url: str | None) -> list[CheckResult]:
    if public_url is None:
        return [CheckResult("bot from outside", "not looked at: PUBLIC_URL is not set")]
    url, todo = public_url.rstrip("/"), "Check PUBLIC_URL, and what stands between it and the bot."
    looks = (
        _check_readiness("bot from outside", url, todo=todo),
        _check_slack_requests(url, todo=todo),
    )
    return list(await asyncio.gather(*looks))


async def _check_slack_requests(url: str, *, todo: str) -> CheckResult:
    """A request that nobody has signed gets as far as one of Slack's: to the bot, which says so."""
    try:
        async with aiohttp.ClientSession() as http, http.post(f"{url}/slack/events") as answer:
            status = answer.status
    except (aiohttp.ClientError, ValueError) as error:
        return CheckResult("Slack's requests", f"do not arrive ({type(error).__name__})", todo)
    if status == HTTPStatus.UNAUTHORIZED:
        return CheckResult("Slack's requests", "arrive")
    return CheckResult("Slack's requests", f"are answered with {status} by somebody else", todo)


async def _check_readiness(label: str, url: str, *, todo: str) -> CheckResult:
    try:
        async with aiohttp.ClientSession() as http, http.get(f"{url}/readyz") as answer:
            says = (await answer.text()).strip()
            ready = answer.ok
    except (aiohttp.ClientError, ValueError) as error:
        says, ready = f"not at {url} ({type(error).__name__})", False
    return CheckResult(label, says[:_MAX_RESPONSE_LENGTH], "" if ready else todo)


def _report_lines(health: HealthReport) -> Iterator[str]:
    for one in health.results:
        yield f"{'ok    ' if one.is_ok else 'BROKEN'}  {one.name}: {one.status}"
        if one.remedy:
            yield f"        → {one.remedy}"
    for dead in health.dead_steps:
        amount = pluralize(len(dead.ticket_ids), "ticket")
        yield f"DEAD    {STEP_LABELS[dead.step]}, {amount} since {dead.since:%Y-%m-%d %H:%M} UTC"
        yield f"        → {dead.reason}; replay it from /ticket admin once that is mended"
    for ticket_id, why in health.quarantined.items():
        yield f"BROKEN  {ticket_id} can't be read"
        yield f"        → {' '.join(why.split())}"


if __name__ == "__main__":
    main()
