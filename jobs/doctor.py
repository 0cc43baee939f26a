"""`frontdesk doctor`: checks every dependency of Frontdesk and says how to repair it."""

import asyncio
import sys
from collections.abc import Iterator
from http import HTTPStatus

import aiohttp
from pydantic import SecretStr

from jobs.engines.gemini import Gemini, GeminiFailure
from jobs.outbox import smtp
from models.errors import ExternalServiceError
from models.health import CheckResult, HealthReport
from models.messages.slack_client import SlackClient
from models.services import Services, open_connections
from models.settings import Settings, read_settings
from models.text import pluralize
from models.tickets.pending_step import step_label

KEEP_HEALTH_RESULT_SECONDS = 60
_TIMEOUT_SECONDS = 8
# Another web server may answer here with a whole page.
_MAX_RESPONSE_LENGTH = 200
USAGE = "Usage: frontdesk doctor | frontdesk eval --help"


async def check_external_services(*, settings: Settings, gemini: Gemini | None) -> list[list[str]]:
    """The checks that only a worker can do, each as name, status and remedy.

    The bot shows them under System health.
    """
    results = await _check_gemini_and_mail(settings, gemini)
    return [[result.name, result.status, result.remedy] for result in results]


def main() -> None:
    """Print the health report. The exit code is 1 if something needs repair."""
    if sys.argv[1:2] == ["eval"]:
        # The evaluation imports SciPy and scikit-learn, and the doctor needs neither.
        from jobs.evaluation.cli import run_cli  # noqa: PLC0415

        return run_cli(sys.argv[2:])
    if sys.argv[1:] != ["doctor"]:
        sys.exit(USAGE)
    health = asyncio.run(_check_all(read_settings()))
    for line in report_lines(health):
        print(line)
    sys.exit(0 if health.is_ok else 1)


async def _check_all(settings: Settings) -> HealthReport:
    gemini = Gemini.from_settings(settings)
    async with open_connections(
        settings,
        database_timeout_seconds=_TIMEOUT_SECONDS,
        slack_timeout_seconds=_TIMEOUT_SECONDS,
        interactive=True,
    ) as connections:
        return await Services(connections).health_checks.run(
            _check_settings(settings),
            _check_gemini_and_mail(settings, gemini),
            _check_bot(settings=settings, slack=connections.slack),
        )


async def _check_settings(settings: Settings) -> list[CheckResult]:
    """The variables of earlier releases that are still set."""
    names = ", ".join(settings.replaced_variables().values())
    if not names:
        return []
    status = (
        f"{names} count no longer; their values were taken over once. Change them in /ticket "
        "admin, Workspace settings, and remove them from the environment"
    )
    return [CheckResult("environment", status)]


async def _check_gemini_and_mail(settings: Settings, gemini: Gemini | None) -> list[CheckResult]:
    return list(await asyncio.gather(_check_gemini(gemini), _check_mail_server(settings)))


async def _check_gemini(gemini: Gemini | None) -> CheckResult:
    if gemini is None:
        return CheckResult("Gemini", "GEMINI_API_KEY is not set, so the built-in engine triages")
    try:
        await gemini.check_connection()
    except GeminiFailure as error:
        return CheckResult("Gemini", str(error), "Check GEMINI_API_KEY and GEMINI_MODEL.")
    return CheckResult("Gemini", gemini.model)


async def _check_mail_server(settings: Settings) -> CheckResult:
    if settings.smtp_host is None:
        return CheckResult("e-mail", "SMTP_HOST is not set, so no e-mail is sent")
    try:
        await smtp.check_login(settings)
    except ExternalServiceError as error:
        return CheckResult("e-mail", str(error), "Check the SMTP_… settings.")
    return CheckResult("e-mail", f"{settings.smtp_host} accepts e-mail")


async def _check_bot(*, settings: Settings, slack: SlackClient) -> list[CheckResult]:
    """Whether the bot on this machine is ready, and whether requests from Slack reach it."""
    local_url = f"http://{settings.host}:{settings.port}"
    bot = await _check_readiness("bot", local_url, remedy="Start the bot: python -m bot")
    if settings.slack_app_token:
        return [bot, await _check_socket_mode(slack, settings.slack_app_token, bot)]
    return [bot, *await _check_public_url(settings.public_url)]


async def _check_socket_mode(
    slack: SlackClient, app_token: SecretStr, bot: CheckResult
) -> CheckResult:
    """A ready bot has a socket, so a valid token is enough for the rest."""
    try:
        await slack.check_app_token(app_token)
    except ExternalServiceError as error:
        remedy = "Check SLACK_APP_TOKEN (scope connections:write), and that Socket Mode is on."
        return CheckResult("Socket Mode", str(error), remedy)
    status = "connected" if bot.is_ok else "the token is valid, but no bot is connected"
    return CheckResult("Socket Mode", status, bot.remedy)


async def _check_public_url(public_url: str | None) -> list[CheckResult]:
    if public_url is None:
        return [CheckResult("bot at PUBLIC_URL", "not checked, because PUBLIC_URL is not set")]
    url = public_url.rstrip("/")
    remedy = "Check PUBLIC_URL and the proxy in front of the bot."
    checks = (
        _check_readiness("bot at PUBLIC_URL", url, remedy=remedy),
        _check_slack_requests(url, remedy=remedy),
    )
    return list(await asyncio.gather(*checks))


async def _check_slack_requests(url: str, *, remedy: str) -> CheckResult:
    """An unsigned request takes the same way as one from Slack: the bot answers it with 401."""
    try:
        async with aiohttp.ClientSession() as http, http.post(f"{url}/slack/events") as answer:
            code = answer.status
    except (aiohttp.ClientError, ValueError) as error:
        return CheckResult(
            "Slack's requests", f"do not reach the bot ({type(error).__name__})", remedy
        )
    if code == HTTPStatus.UNAUTHORIZED:
        return CheckResult("Slack's requests", "reach the bot")
    return CheckResult("Slack's requests", f"reach another server, which answers {code}", remedy)


async def _check_readiness(label: str, url: str, *, remedy: str) -> CheckResult:
    try:
        async with aiohttp.ClientSession() as http, http.get(f"{url}/readyz") as answer:
            status, is_ready = (await answer.text()).strip(), answer.ok
    except (aiohttp.ClientError, ValueError) as error:
        status, is_ready = f"does not answer at {url} ({type(error).__name__})", False
    return CheckResult(label, status[:_MAX_RESPONSE_LENGTH], "" if is_ready else remedy)


def report_lines(health: HealthReport) -> Iterator[str]:
    """The report as text: a line for each check, and the remedy below it."""
    for result in health.results:
        yield f"{'ok    ' if result.is_ok else 'BROKEN'}  {result.name}: {result.status}"
        if result.remedy:
            yield f"        → {result.remedy}"
    for group in health.dead_steps:
        amount = pluralize(len(group.ticket_ids), "ticket")
        yield f"DEAD    {step_label(group.step)}: {amount}, since {group.since:%Y-%m-%d %H:%M} UTC"
        yield (
            f"        → {group.reason}. Repair the cause, then press Try again in "
            "/ticket admin, System health."
        )
    for one in health.unreadable:
        yield f"BROKEN  {one.collection} {one.document_id}: the document can't be read"
        yield f"        → {' '.join(one.reason.split())}. Repair or delete it in MongoDB."
    for ticket_id, reason in health.quarantined.items():
        yield f"BROKEN  {ticket_id}: the document can't be read"
        yield f"        → {' '.join(reason.split())}"


if __name__ == "__main__":
    main()
