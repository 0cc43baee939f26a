"""What stands in a confidential ticket is read by its people alone, whatever happens to it.

One such ticket goes its way through a whole desk in this process, with a mail server, a webhook and
a Gemini beside it, and things go wrong; then it is looked for everywhere that it must not be.
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
from bot.background import BackgroundTasks
from bot.web.server import Bot, run_http_server
from jobs.engines.gemini import Gemini
from jobs.runner.step_context import StepContext
from jobs.worker import STEP_FUNCTIONS
from models.access.api_token import Scope
from models.clock import utc_now
from models.errors import CorruptDocument
from models.infra.logs import start_logging
from models.messages.slack_client import BotIdentity
from models.people.member import Role
from models.ticket_service import TicketService
from models.tickets.pending_step import PendingStep, Step
from models.tickets.permissions import Verb
from models.tickets.ticket import Status, Ticket
from sandbox.services.database_servers import DatabaseServers, find_free_port
from sandbox.services.gemini import GeminiStandIn
from sandbox.services.mail_server import MailFault, MailServer
from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.workspace import Workspace
from tests.project import MANIFEST
from tests.service_factory import attempt_step, run_service

TEAM = "T0FRONT01"
TITLE, TEXT = "vpn quokka", "wombat okta"
SECRETS = ("quokka", "wombat")
MODEL = "gemini-2.5-flash-lite"
HOUR = timedelta(hours=1)


@dataclass(slots=True)
class ConfidentialScenario:
    """A desk and all that is around it."""

    service: TicketService
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
        """The one there is."""
        return (await self.service.tickets.get_ticket("T-1"))[0]

    async def run_all_steps(self) -> None:
        """Have a worker try all that is due once, and what follows from it."""
        tools, tried = StepContext(self.service, self.gemini), set()
        while due := [one for one in (await self.ticket()).pending if _key(one) not in tried]:
            tried.add(_key(due[0]))
            await attempt_step(tools, due[0].step, STEP_FUNCTIONS[due[0].step], "T-1")

    async def get_page(self, path: str, who: str = "") -> str:
        """What the bot answers there to a person's token, or to nobody."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        url = f"http://127.0.0.1:{self.service.settings.port}{path}"
        async with self.http.get(url, headers=headers) as answer:
            return await answer.text()

    def visible_text(self, who: str) -> str:
        """All that a person has before them in Slack."""
        person = self.people[who]
        shown = [(message.text, message.blocks) for message in person.messages]
        return json.dumps([shown, person.modal.blocks if person.modal else []])


def _key(entry: PendingStep) -> tuple[Step, int]:
    return entry.step, entry.requested_rev


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """What bot and worker log, as they do it."""
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
    """Ada asks, Bob is trusted with such tickets; Eve moderates and Grace administers."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        slack = await enter(Workspace(load_manifest(MANIFEST)))
        mail, google = await enter(MailServer()), await enter(GeminiStandIn())
        port = find_free_port()
        more: dict[str, Any] = {
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
        service = await enter(run_service(servers, **more))
        gemini = Gemini.with_key(
            SecretStr(google.api_key), model=MODEL, endpoint=google.endpoint, call_seconds=5
        )
        stack.callback(gemini.close)
        log = stack.enter_context(logged())
        http = await enter(ClientSession())
        people = {
            name: slack.add_person(name, real_name=name.title(), email=f"{name}@acme.example")
            for name in ("ada", "bob", "eve", "grace")
        }
        house = ConfidentialScenario(service, slack, mail, google, gemini, http, log, people, {})
        await enter(_doors(house))
        await enter(_receiver(house))
        await _roles(house)
        yield house


async def _roles(house: ConfidentialScenario) -> None:
    roles = {"ada": Role.USER, "bob": Role.MODERATOR, "eve": Role.MODERATOR, "grace": Role.ADMIN}
    for name, role in roles.items():
        skills = ["vpn", "okta"] if name == "bob" else []
        members, slack_id = house.service.members, house.people[name].id
        member = await members.set_role(TEAM, slack_id, role=role, skills=skills)
        await members.update_member(TEAM, slack_id, trusted=name == "bob")
        house.tokens[name], _ = await house.service.api_tokens.issue_token(
            member, name=name, scopes=tuple(Scope), lifetime=HOUR
        )


@asynccontextmanager
async def _doors(house: ConfidentialScenario) -> AsyncIterator[None]:
    background, bot = BackgroundTasks(), Bot(house.service)
    slack = house.slack
    identity = BotIdentity(
        team_id=TEAM, team_name="Acme", bot_id=slack.bot_id, bot_user_id=slack.bot_user_id
    )
    bot.app, bot.team_id = build_app(house.service, identity, background), TEAM
    async with run_http_server(bot):
        slack.request_url = f"http://127.0.0.1:{house.service.settings.port}/slack/events"
        yield
        await background.wait(timeout_seconds=10)


@asynccontextmanager
async def _receiver(house: ConfidentialScenario) -> AsyncIterator[None]:
    """A webhook that does not want the first it is told."""

    async def hear(request: web.Request) -> web.Response:
        house.webhook_bodies.append(await request.text())
        return web.Response(status=500 if len(house.webhook_bodies) == 1 else 200)

    app = web.Application()
    app.router.add_post("/", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    boss = await house.service.members.set_role(TEAM, house.people["grace"].id, role=Role.ADMIN)
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await house.service.webhooks.add(boss, url=url)
    yield
    await runner.cleanup()


async def _lives(house: ConfidentialScenario) -> None:
    """The ticket's whole life, in which not all goes well."""
    ada, bob = house.people["ada"], house.people["bob"]
    await ada.type_text(f"/ticket {TITLE}")
    await ada.fill("Description", TEXT)
    await ada.fill("Who may see it", ["Keep this confidential"])
    await ada.submit_modal()
    await house.run_all_steps()
    house.mail.add_fault(MailFault.NO_SUCH_MAILBOX)
    await bob.click(await bob.wait_for_message("Offered to you"), "Decline")
    await house.run_all_steps()
    await _clicks(house, bob, "Claim")
    await _clicks(house, bob, "Resolve")
    assert (await house.ticket()).status is Status.RESOLVED


async def _clicks(house: ConfidentialScenario, person: Person, button: str) -> None:
    card = await person.wait_for_message(lambda one: button in one.buttons)
    await person.click(card, button)
    await house.run_all_steps()


async def _is_old(house: ConfidentialScenario) -> None:
    """What has happened to it is long ago, so that it is told to those who ask."""

    def older(ticket: Ticket, _: datetime) -> Ticket:
        ago = [one.model_copy(update={"at": one.at - HOUR}) for one in ticket.history]
        known = {"history": tuple(ago), "opened_at": ticket.opened_at - HOUR}
        return ticket.model_copy(update=known)

    await house.service.update_ticket("T-1", older)


async def _is_damaged(house: ConfidentialScenario) -> None:
    """Its document can't be read any more, of which the log tells."""
    broken = {"$set": {"urgency": f"{TITLE} {TEXT}", "due": utc_now() - HOUR}}
    await house.service.database.tickets.update_one({"_id": "T-1"}, broken)
    assert (await house.service.tickets.due_tickets(limit=5))[0] == []
    with pytest.raises(CorruptDocument):
        await house.ticket()


async def _looked_at(house: ConfidentialScenario, who: str) -> str:
    """All that somebody finds who looks for it in every place there is."""
    since = int((utc_now() - 2 * HOUR).timestamp() * 1000)
    paths = [
        *(f"/api/v1/tickets?q={word}" for word in ("", *SECRETS)),
        *("/api/v1/tickets/T-1", f"/api/v1/events?after={since}.0.0"),
        *("/api/v1/audit", "/api/v1/people", "/api/v1/me", "/api/v1/webhooks"),
    ]
    member = await house.service.members.get_or_create_member(TEAM, house.people[who].id)
    said: dict[str, Any] = {
        "notice_id": "T-1.offer.1",
        "event_at": utc_now(),
        "lifetime": HOUR,
    }
    for verb in (Verb.VIEW, Verb.CLAIM):
        token = house.service.email_links.sign(member, ticket_id="T-1", verb=verb, **said)
        paths.append(f"/link/{token}")
    return "\n".join([await house.get_page(path, who) for path in paths])


@pytest.mark.fault("F86")
async def test_it_is_read_by_its_people_alone(scenario: ConfidentialScenario) -> None:
    await _lives(scenario)
    await _is_old(scenario)
    found = {who: await _looked_at(scenario, who) for who in scenario.people}
    grace = scenario.people["grace"]
    await grace.type_text("/ticket admin")
    await scenario.slack.wait_until(
        lambda: grace.modal and audit_log_view.TITLE in grace.modal.buttons
    )
    assert grace.modal
    await grace.click(grace.modal, audit_log_view.TITLE)
    await _is_damaged(scenario)
    metrics = await scenario.get_page("/metrics")

    kept = {
        "what Eve finds": found["eve"],
        "what Grace finds": found["grace"],
        "what Eve is told": scenario.visible_text("eve"),
        "what Grace is told": scenario.visible_text("grace"),
        "letters": "".join(one.subject + one.text + one.html for one in scenario.mail.inbox),
        "webhooks": "".join(scenario.webhook_bodies),
        "metrics": metrics,
        "logs": scenario.log.getvalue(),
        "the audit log": str(await scenario.service.audit_log.entries(TEAM)),
    }
    assert {name for name, said in kept.items() if _tells(said)} == set()
    assert "T-1" not in found["eve"]
    assert scenario.gemini_server.requests == []
    # All of them speak of something, and of the ticket where they should.
    assert {name for name, said in kept.items() if "T-1" in said} >= {
        *("what Grace is told", "letters", "webhooks", "logs"),
    }
    assert "frontdesk_tickets" in metrics
    assert {json.loads(line)["level"] for line in scenario.log.getvalue().splitlines()} > {"INFO"}
    for who in ("ada", "bob"):
        assert _tells(found[who])
        assert '"resolved"' in found[who]
        assert _tells(scenario.visible_text(who))


def _tells(said: str) -> bool:
    return any(secret in said.casefold() for secret in SECRETS)
