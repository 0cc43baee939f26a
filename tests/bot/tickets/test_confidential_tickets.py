"""The text of a confidential ticket reaches its people only, also when things go wrong.

One ticket goes through the bot and all steps in this process, with a mail server, a webhook and a
stand-in for Gemini. Then the test looks for the text everywhere that it must not be.
"""

import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, redirect_stderr
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession, web
from pydantic import SecretStr

from bot.admin.reports import audit_log_view
from bot.app import build_app
from bot.services import BotServices
from bot.web.server import Bot, run_http_server
from jobs.engines.gemini import Gemini
from jobs.worker import STEP_FUNCTIONS
from models.access.api_token import Scope
from models.clock import utc_now
from models.errors import CorruptDocument
from models.infra.logs import start_logging
from models.messages.slack_client import BotIdentity
from models.people.member import Role
from models.tickets.actions import Verb
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Status, Ticket
from sandbox.services.database_servers import DatabaseServers, find_free_port
from sandbox.services.gemini import GeminiStandIn
from sandbox.services.mail_server import MailFault, MailServer
from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.workspace import Workspace
from tests.project import MANIFEST
from tests.service_factory import attempt_step, run_services, worker_services

TEAM = "T0FRONT01"
TITLE, TEXT = "vpn quokka", "wombat okta"
SECRETS = ("quokka", "wombat")
MODEL = "gemini-2.5-flash-lite"
HOUR = timedelta(hours=1)


@dataclass(slots=True)
class ConfidentialScenario:
    """Frontdesk with the servers and people around it."""

    services: BotServices
    slack: Workspace
    mail: MailServer
    gemini_server: GeminiStandIn
    gemini: Gemini
    http: ClientSession
    log: io.StringIO
    people: dict[str, Person]
    tokens: dict[str, str]
    webhook_bodies: list[str] = field(default_factory=list)

    async def ticket(self) -> Ticket:
        """The only ticket."""
        return (await self.services.tickets.get_ticket("T-1"))[0]

    async def run_all_steps(self) -> None:
        """Run each pending step once, and the steps that follow from it."""
        worker, attempted = worker_services(self.services, self.gemini), set()
        while due := [
            step for step in (await self.ticket()).pending if _key(step) not in attempted
        ]:
            attempted.add(_key(due[0]))
            await attempt_step(worker, due[0].step, STEP_FUNCTIONS[due[0].step], "T-1")

    async def get_page(self, path: str, handle: str = "") -> str:
        """The bot's answer to a request with this person's token, or without a token."""
        headers = {"Authorization": f"Bearer {self.tokens[handle]}"} if handle else {}
        url = f"http://127.0.0.1:{self.services.settings.port}{path}"
        async with self.http.get(url, headers=headers) as answer:
            return await answer.text()

    def visible_text(self, handle: str) -> str:
        """All texts that a person sees in Slack."""
        person = self.people[handle]
        shown = [(message.text, message.blocks) for message in person.messages]
        return json.dumps([shown, person.modal.blocks if person.modal else []])


def _key(pending_step: PendingStep) -> tuple[Step, int]:
    return pending_step.step, pending_step.requested_rev


@contextmanager
def captured_log() -> Iterator[io.StringIO]:
    """The log in the format of bot and worker."""
    root, lines = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    root.handlers[:] = []
    with redirect_stderr(lines):
        start_logging()
    try:
        yield lines
    finally:
        root.handlers[:] = before
        root.setLevel(level)


@pytest.fixture
async def scenario(servers: DatabaseServers) -> AsyncIterator[ConfidentialScenario]:
    """Ada is a user, Bob a trusted moderator, Eve a moderator, Grace an admin."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        slack = await enter(Workspace(load_manifest(MANIFEST)))
        mail, google = await enter(MailServer()), await enter(GeminiStandIn())
        port = find_free_port()
        settings: dict[str, Any] = {
            "slack_api_url": slack.api_url,
            "slack_bot_token": slack.bot_token,
            "slack_signing_secret": slack.signing_secret,
            "smtp_host": mail.host,
            "smtp_port": mail.port,
            "smtp_starttls": False,
            "webhook_private": True,
            "public_url": f"http://127.0.0.1:{port}",
            "port": port,
        }
        services = await enter(run_services(servers, **settings))
        gemini = Gemini.with_key(
            SecretStr(google.api_key), model=MODEL, endpoint=google.endpoint, call_seconds=5
        )
        stack.callback(gemini.close)
        log = stack.enter_context(captured_log())
        http = await enter(ClientSession())
        people = {
            name: slack.add_person(name, real_name=name.title(), email=f"{name}@acme.example")
            for name in ("ada", "bob", "eve", "grace")
        }
        scenario = ConfidentialScenario(
            services, slack, mail, google, gemini, http, log, people, {}
        )
        await enter(_run_bot(scenario))
        await enter(_run_webhook_receiver(scenario))
        await _set_roles(scenario)
        yield scenario


async def _set_roles(scenario: ConfidentialScenario) -> None:
    roles = {"ada": Role.USER, "bob": Role.MODERATOR, "eve": Role.MODERATOR, "grace": Role.ADMIN}
    for name, role in roles.items():
        skills = ["vpn", "okta"] if name == "bob" else []
        members, slack_id = scenario.services.members, scenario.people[name].id
        member = await members.set_role(TEAM, slack_id, role=role, skills=skills)
        await members.update_member(TEAM, slack_id, trusted=name == "bob")
        scenario.tokens[name], _ = await scenario.services.api_tokens.issue_token(
            member, name=name, scopes=tuple(Scope), lifetime=HOUR
        )


@asynccontextmanager
async def _run_bot(scenario: ConfidentialScenario) -> AsyncIterator[None]:
    bot = Bot(scenario.services)
    slack = scenario.slack
    identity = BotIdentity(
        team_id=TEAM, team_name="Acme", bot_id=slack.bot_id, bot_user_id=slack.bot_user_id
    )
    bot.app, bot.team_id = build_app(scenario.services, identity), TEAM
    async with run_http_server(bot):
        slack.request_url = f"http://127.0.0.1:{scenario.services.settings.port}/slack/events"
        yield
        await scenario.services.background.wait(timeout_seconds=10)


@asynccontextmanager
async def _run_webhook_receiver(scenario: ConfidentialScenario) -> AsyncIterator[None]:
    """A webhook that answers the first delivery with an error."""

    async def receive(request: web.Request) -> web.Response:
        scenario.webhook_bodies.append(await request.text())
        return web.Response(status=500 if len(scenario.webhook_bodies) == 1 else 200)

    app = web.Application()
    app.router.add_post("/", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    admin = await scenario.services.members.set_role(
        TEAM, scenario.people["grace"].id, role=Role.ADMIN
    )
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await scenario.services.webhooks.add(admin, url=url)
    yield
    await runner.cleanup()


async def _run_lifecycle(scenario: ConfidentialScenario) -> None:
    """Open, decline, claim and resolve the ticket, with an e-mail that is refused."""
    ada, bob = scenario.people["ada"], scenario.people["bob"]
    await ada.type_text(f"/ticket {TITLE}")
    await ada.fill("Description", TEXT)
    await ada.fill("Confidential", ["Only you and the people who handle it can see this."])
    await ada.submit_modal()
    await scenario.run_all_steps()
    scenario.mail.add_fault(MailFault.NO_SUCH_MAILBOX)
    await bob.click(await bob.wait_for_message("Offered to you"), "Decline")
    await scenario.run_all_steps()
    await _click(scenario, bob, "Claim")
    await _click(scenario, bob, "Resolve")
    assert (await scenario.ticket()).status is Status.RESOLVED


async def _click(scenario: ConfidentialScenario, person: Person, button: str) -> None:
    card = await person.wait_for_message(lambda message: button in message.buttons)
    await person.click(card, button)
    await scenario.run_all_steps()


async def _make_older(scenario: ConfidentialScenario) -> None:
    """Move the ticket's events an hour back, because the event feed holds back new ones."""

    def make_older(ticket: Ticket, _: datetime) -> Ticket:
        history = [event.model_copy(update={"at": event.at - HOUR}) for event in ticket.history]
        return ticket.model_copy(
            update={"history": tuple(history), "opened_at": ticket.opened_at - HOUR}
        )

    await scenario.services.ticket_service.update_ticket("T-1", make_older)


async def _corrupt_document(scenario: ConfidentialScenario) -> None:
    """Make the ticket's document unreadable, so that the log reports it."""
    broken = {"$set": {"urgency": f"{TITLE} {TEXT}", "due": utc_now() - HOUR}}
    await scenario.services.database.tickets.update_one({"_id": "T-1"}, broken)
    assert (await scenario.services.tickets.due_tickets(limit=5))[0] == []
    with pytest.raises(CorruptDocument):
        await scenario.ticket()


async def _read_everything(scenario: ConfidentialScenario, handle: str) -> str:
    """All answers that a person gets from the API and from e-mail links."""
    since = int((utc_now() - 2 * HOUR).timestamp() * 1000)
    paths = [
        *(f"/api/v1/tickets?q={word}" for word in ("", *SECRETS)),
        *("/api/v1/tickets/T-1", f"/api/v1/events?after={since}.0.0"),
        *("/api/v1/audit", "/api/v1/people", "/api/v1/me", "/api/v1/webhooks"),
    ]
    slack_id = scenario.people[handle].id
    member = await scenario.services.members.get_or_create_member(TEAM, slack_id)
    for verb in (Verb.VIEW, Verb.CLAIM):
        token = scenario.services.email_links.sign(
            member,
            ticket_id="T-1",
            verb=verb,
            notice_id="T-1.offer.1",
            event_at=utc_now(),
            lifetime=HOUR,
        )
        paths.append(f"/link/{token}")
    return "\n".join([await scenario.get_page(path, handle) for path in paths])


@pytest.mark.fault("F86")
async def test_confidential_text_reaches_its_people_only(scenario: ConfidentialScenario) -> None:
    await _run_lifecycle(scenario)
    await _make_older(scenario)
    answers = {handle: await _read_everything(scenario, handle) for handle in scenario.people}
    grace = scenario.people["grace"]
    await grace.type_text("/ticket admin")
    await scenario.slack.wait_until(
        lambda: grace.modal and audit_log_view.TITLE in grace.modal.buttons
    )
    assert grace.modal
    await grace.click(grace.modal, audit_log_view.TITLE)
    await _corrupt_document(scenario)
    metrics = await scenario.get_page("/metrics")

    emails = scenario.mail.inbox
    places = {
        "answers to Eve": answers["eve"],
        "answers to Grace": answers["grace"],
        "Eve in Slack": scenario.visible_text("eve"),
        "Grace in Slack": scenario.visible_text("grace"),
        "e-mails": "".join(email.subject + email.text + email.html for email in emails),
        "webhooks": "".join(scenario.webhook_bodies),
        "metrics": metrics,
        "logs": scenario.log.getvalue(),
        "audit log": str(await scenario.services.audit_log.entries(TEAM)),
    }
    assert {name for name, text in places.items() if _has_secret(text)} == set()
    people = {"Ada", *(scenario.people[handle].id for handle in ("ada", "bob"))}
    outside = "".join(places[name] for name in ("e-mails", "webhooks", "logs"))
    assert {person for person in people if person in outside} == set()
    assert "T-1" not in answers["eve"]
    assert scenario.gemini_server.requests == []
    # These places do mention the ticket, so an empty place cannot make the test pass.
    assert {name for name, text in places.items() if "T-1" in text} >= {
        *("Grace in Slack", "e-mails", "webhooks", "logs"),
    }
    assert "frontdesk_tickets" in metrics
    assert {json.loads(line)["level"] for line in scenario.log.getvalue().splitlines()} > {"INFO"}
    for handle in ("ada", "bob"):
        assert _has_secret(answers[handle])
        assert '"resolved"' in answers[handle]
        assert _has_secret(scenario.visible_text(handle))


def _has_secret(text: str) -> bool:
    return any(secret in text.casefold() for secret in SECRETS)
