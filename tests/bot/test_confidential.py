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
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from pydantic import SecretStr

from bot.app import build_app
from bot.background import Background
from bot.serve import Bot, open_doors
from bot.views import audit
from jobs.gemini import Gemini
from jobs.retrying import Tools
from jobs.worker import WORK
from models.account import Scope
from models.clock import now
from models.desk import Desk
from models.errors import Unreadable
from models.logs import start_logging
from models.member import Role
from models.permissions import Verb
from models.slack import Identity
from models.step import Pending, Step
from models.ticket import Status, Ticket
from sandbox.gemini import GeminiStandIn
from sandbox.mail import MailFault, MailServer
from sandbox.servers import Servers, free_port
from sandbox.slack.manifest import load_manifest
from sandbox.slack.person import Person
from sandbox.slack.workspace import Workspace
from tests.desks import desk_on, do_step

MANIFEST = Path(__file__).parents[2] / "manifest.yml"
TEAM = "T0FRONT01"
TITLE, TEXT = "vpn quokka", "wombat okta"
SECRETS = ("quokka", "wombat")
MODEL = "gemini-2.5-flash-lite"
HOUR = timedelta(hours=1)


@dataclass(slots=True)
class House:
    """A desk and all that is around it."""

    desk: Desk
    slack: Workspace
    mail: MailServer
    google: GeminiStandIn
    gemini: Gemini
    http: ClientSession
    log: io.StringIO
    people: dict[str, Person]
    tokens: dict[str, str]
    heard: list[str] = field(default_factory=list)

    async def ticket(self) -> Ticket:
        """The one there is."""
        return (await self.desk.store.ticket("T-1"))[0]

    async def works(self) -> None:
        """Have a worker try all that is due once, and what follows from it."""
        tools, tried = Tools(self.desk, self.gemini), set()
        while due := [one for one in (await self.ticket()).pending if _key(one) not in tried]:
            tried.add(_key(due[0]))
            await do_step(tools, due[0].step, WORK[due[0].step], "T-1")

    async def says(self, path: str, who: str = "") -> str:
        """What the bot answers there to a person's token, or to nobody."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        url = f"http://127.0.0.1:{self.desk.settings.port}{path}"
        async with self.http.get(url, headers=headers) as answer:
            return await answer.text()

    def reads(self, who: str) -> str:
        """All that a person has before them in Slack."""
        person = self.people[who]
        shown = [(message.text, message.blocks) for message in person.messages]
        return json.dumps([shown, person.modal.blocks if person.modal else []])


def _key(entry: Pending) -> tuple[Step, int]:
    return entry.step, entry.asked


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
async def house(servers: Servers) -> AsyncIterator[House]:
    """Ada asks, Bob is trusted with such tickets; Eve moderates and Grace administers."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        slack = await enter(Workspace(load_manifest(MANIFEST)))
        mail, google = await enter(MailServer()), await enter(GeminiStandIn())
        port = free_port()
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
        desk = await enter(desk_on(servers, **more))
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
        house = House(desk, slack, mail, google, gemini, http, log, people, {})
        await enter(_doors(house))
        await enter(_receiver(house))
        await _roles(house)
        yield house


async def _roles(house: House) -> None:
    roles = {"ada": Role.USER, "bob": Role.MODERATOR, "eve": Role.MODERATOR, "grace": Role.ADMIN}
    for name, role in roles.items():
        skills = ["vpn", "okta"] if name == "bob" else []
        store, slack_id = house.desk.store, house.people[name].id
        member = await store.set_role(TEAM, slack_id, role=role, skills=skills)
        await store.note(TEAM, slack_id, trusted=name == "bob")
        house.tokens[name], _ = await house.desk.accounts.issue(
            member, name=name, scopes=tuple(Scope), life=HOUR
        )


@asynccontextmanager
async def _doors(house: House) -> AsyncIterator[None]:
    background, bot = Background(), Bot(house.desk)
    slack = house.slack
    identity = Identity(
        team_id=TEAM, team_name="Acme", bot_id=slack.bot_id, bot_user_id=slack.bot_user_id
    )
    bot.app, bot.team_id = build_app(house.desk, identity, background), TEAM
    async with open_doors(bot):
        slack.request_url = f"http://127.0.0.1:{house.desk.settings.port}/slack/events"
        yield
        await background.wait(seconds=10)


@asynccontextmanager
async def _receiver(house: House) -> AsyncIterator[None]:
    """A webhook that does not want the first it is told."""

    async def hear(request: web.Request) -> web.Response:
        house.heard.append(await request.text())
        return web.Response(status=500 if len(house.heard) == 1 else 200)

    app = web.Application()
    app.router.add_post("/", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    boss = await house.desk.store.set_role(TEAM, house.people["grace"].id, role=Role.ADMIN)
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await house.desk.webhooks.add(boss, url=url)
    yield
    await runner.cleanup()


async def _lives(house: House) -> None:
    """The ticket's whole life, in which not all goes well."""
    ada, bob = house.people["ada"], house.people["bob"]
    await ada.types(f"/ticket {TITLE}")
    await ada.fills("Description", TEXT)
    await ada.fills("Who may see it", ["Keep this confidential"])
    await ada.submits()
    await house.works()
    house.mail.fails(MailFault.NOBODY)
    await bob.clicks(await bob.gets_message("Offered to you"), "Decline")
    await house.works()
    await _clicks(house, bob, "Claim")
    await _clicks(house, bob, "Resolve")
    assert (await house.ticket()).status is Status.RESOLVED


async def _clicks(house: House, person: Person, button: str) -> None:
    card = await person.gets_message(lambda one: button in one.buttons)
    await person.clicks(card, button)
    await house.works()


async def _is_old(house: House) -> None:
    """What has happened to it is long ago, so that it is told to those who ask."""

    def older(ticket: Ticket, _: datetime) -> Ticket:
        ago = [one.model_copy(update={"at": one.at - HOUR}) for one in ticket.history]
        known = {"history": tuple(ago), "opened_at": ticket.opened_at - HOUR}
        return ticket.model_copy(update=known)

    await house.desk.amend("T-1", older)


async def _is_damaged(house: House) -> None:
    """Its document can't be read any more, of which the log tells."""
    broken = {"$set": {"urgency": f"{TITLE} {TEXT}", "due": now() - HOUR}}
    await house.desk.database.tickets.update_one({"_id": "T-1"}, broken)
    assert (await house.desk.store.due_tickets(limit=5))[0] == []
    with pytest.raises(Unreadable):
        await house.ticket()


async def _looked_at(house: House, who: str) -> str:
    """All that somebody finds who looks for it in every place there is."""
    since = int((now() - 2 * HOUR).timestamp() * 1000)
    paths = [
        *(f"/api/v1/tickets?q={word}" for word in ("", *SECRETS)),
        *("/api/v1/tickets/T-1", f"/api/v1/events?after={since}.0.0"),
        *("/api/v1/audit", "/api/v1/people", "/api/v1/me", "/api/v1/webhooks"),
    ]
    member = await house.desk.store.member(TEAM, house.people[who].id)
    said: dict[str, Any] = {"notice": "T-1.offer.1", "at": now(), "life": HOUR}
    for verb in (Verb.VIEW, Verb.CLAIM):
        token = house.desk.accounts.link(member, ticket_id="T-1", verb=verb, **said)
        paths.append(f"/link/{token}")
    return "\n".join([await house.says(path, who) for path in paths])


@pytest.mark.fault("F86")
async def test_it_is_read_by_its_people_alone(house: House) -> None:
    await _lives(house)
    await _is_old(house)
    found = {who: await _looked_at(house, who) for who in house.people}
    grace = house.people["grace"]
    await grace.types("/ticket admin")
    await house.slack.until(lambda: grace.modal and audit.TITLE in grace.modal.buttons)
    assert grace.modal
    await grace.clicks(grace.modal, audit.TITLE)
    await _is_damaged(house)
    metrics = await house.says("/metrics")

    kept = {
        "what Eve finds": found["eve"],
        "what Grace finds": found["grace"],
        "what Eve is told": house.reads("eve"),
        "what Grace is told": house.reads("grace"),
        "letters": "".join(one.subject + one.text + one.html for one in house.mail.inbox),
        "webhooks": "".join(house.heard),
        "metrics": metrics,
        "logs": house.log.getvalue(),
        "the audit log": str(await house.desk.accounts.acts(TEAM)),
    }
    assert {name for name, said in kept.items() if _tells(said)} == set()
    assert "T-1" not in found["eve"]
    assert house.google.requests == []
    # All of them speak of something, and of the ticket where they should.
    assert {name for name, said in kept.items() if "T-1" in said} >= {
        *("what Grace is told", "letters", "webhooks", "logs"),
    }
    assert "frontdesk_tickets" in metrics
    assert {json.loads(line)["level"] for line in house.log.getvalue().splitlines()} > {"INFO"}
    for who in ("ada", "bob"):
        assert _tells(found[who])
        assert '"resolved"' in found[who]
        assert _tells(house.reads(who))


def _tells(said: str) -> bool:
    return any(secret in said.casefold() for secret in SECRETS)
