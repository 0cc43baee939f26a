"""The parts that `fill_4edd947.py` and `fill_dfde3b7.py` share: people, tickets and the dump.

`tests/old_release_dump.py` runs the two with the old commit's tree first on the module path. So
`sandbox` and `tests.stories.acts` are the old ones, and so are the bot and the worker. Today's
tree has other names for them, so mypy does not read this folder.
"""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web
from bson import json_util
from sandbox.slack.person import Person
from tests.stories.acts import gives, nothing_pends, opens_team, opens_ticket

from sandbox.world import World

_MAX_SECONDS = 300
TITLES = (
    "VPN drops every hour",
    "Okta asks for my code twice",
    "Printer on floor 3 jams",
    "Zoom has no sound",
    "Wifi is slow in the canteen",
    "Badge reader does not open the door",
)


def dump_world(world: World, fill: Callable[[World, str], Awaitable[None]]) -> None:
    """Write all documents to the path in the first argument.

    Args:
        world: a world of the old commit, not started yet.
        fill: fills its database; gets the world and a URL that accepts webhook deliveries.
    """
    dump = asyncio.run(_fill_and_read(world, fill))
    options = json_util.CANONICAL_JSON_OPTIONS
    text = json_util.dumps(dump, indent=1, sort_keys=True, json_options=options)
    Path(sys.argv[1]).write_text(f"{text}\n", encoding="utf-8")


async def _fill_and_read(
    world: World, fill: Callable[[World, str], Awaitable[None]]
) -> dict[str, list[dict[str, Any]]]:
    async with world, _webhook_receiver() as url, asyncio.timeout(_MAX_SECONDS):
        world.slack.rate_limits = False
        await fill(world, url)
        names = sorted(await world.database.list_collection_names())
        return {name: await world.documents(name) for name in names}


@asynccontextmanager
async def _webhook_receiver() -> AsyncIterator[str]:
    async def accept(_request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_post("/", accept)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def set_up_people(world: World) -> None:
    """Four moderators with skills, of whom Eve is trusted and has a skill of her own."""
    slack, people = world.slack, world.cast
    zoe = slack.add_person("zoe", real_name="Zoe Ash", email="zoe@acme.example")
    for person, skills in (
        (people.bob, ["vpn", "okta"]),
        (people.eve, ["email", "video calls"]),
        (people.mo, ["printer"]),
        (zoe, ["wifi"]),
    ):
        await gives(slack, people.grace, person, role="Moderator", skills=skills)
    await opens_team(slack, people.grace)
    await people.grace.fills("Person", people.eve.id)
    await people.grace.fills("New skills", "badge reader")
    await people.grace.fills("Confidential tickets", ["May see confidential tickets"])
    await people.grace.submits()
    await people.grace.closes()


async def add_webhooks(world: World, url: str) -> None:
    """A webhook for all events and one for some, added over the API with Grace's token."""
    token = await issue_token(world, world.cast.grace, "automation", ["admin"])
    headers = {"Authorization": f"Bearer {token}"}
    async with ClientSession(headers=headers, raise_for_status=True) as http:
        for events in ([], ["claimed", "resolved"]):
            webhook = {"url": url, "events": events}
            async with http.post(f"{world.bot_url}/api/v1/webhooks", json=webhook):
                pass


async def work_on_tickets(world: World) -> None:
    """Tickets in each status, one confidential, one of a guest; Zoe leaves meanwhile."""
    people, slack = world.cast, world.slack
    vic = slack.add_person("vic", real_name="Vic Guest", email="vic@else.example", guest=True)
    ids = [await opens_ticket(people.ada, title) for title in TITLES]
    resolved, claimed, declined, reopened, withdrawn, released = ids
    await opens_ticket(
        people.ada,
        "Harassment in my team",
        description="It goes on since spring.",
        confidential=["Keep this confidential"],
    )
    await opens_ticket(vic, "Cannot reach the internet", urgency="I can't work")
    await nothing_pends(world)
    await click(world, resolved, "Claim", "Resolve")
    await _claim_by_link(world, claimed)
    await click(world, declined, "Decline")
    await click(world, reopened, "Claim", "Resolve")
    await people.ada.clicks(_find_card(people.ada, reopened, "Reopen"), "Reopen")
    await nothing_pends(world)
    await click(world, withdrawn, "Claim")
    await issue_token(world, slack.person("zoe"), "old script", ["tickets:read"])
    slack.deactivate(slack.person("zoe"))
    await wait_for_member(world, slack.person("zoe"), active=False)
    await click(world, released, "Claim", "Release")
    await issue_token(world, people.bob, "nightly report", ["tickets:read", "tickets:write"])
    await nothing_pends(world)


async def leave_steps_undone(world: World) -> None:
    """Without a worker: the released ticket is declined and stays triaged, one more stays new."""
    await nothing_pends(world)
    await world.worker.stop()
    tickets = await world.documents("tickets")
    ticket_id = next(t["_id"] for t in tickets if t["title"] == TITLES[-1])
    person = await assignee(world, ticket_id)
    await person.clicks(_find_card(person, ticket_id, "Decline"), "Decline")
    await opens_ticket(world.cast.ada, "Laptop does not start")


async def click(world: World, ticket_id: str, *buttons: str) -> None:
    """The assignee presses these buttons of the card, one after the other."""
    for button in buttons:
        person = await assignee(world, ticket_id)
        await person.clicks(_find_card(person, ticket_id, button), button)
        await nothing_pends(world)


async def assignee(world: World, ticket_id: str) -> Person:
    """The person whom the ticket is offered to, or who has claimed it."""
    tickets = await world.documents("tickets")
    return world.slack.person(next(t["assignee"] for t in tickets if t["_id"] == ticket_id))


async def issue_token(world: World, person: Person, name: str, scopes: Sequence[str]) -> str:
    """An API token, issued with `/ticket token`."""
    await person.types("/ticket token")
    await world.slack.until(
        lambda: person.modal and "Name" in person.modal.labels, waiting_for="the token form"
    )
    await person.fills("Name", name)
    await person.fills("What it opens", list(scopes))
    await person.submits()
    token: str = re.findall(r"eyJ[\w.-]+", person.modal.says)[0]
    await person.closes()
    return token


async def wait_for_member(world: World, person: Person, **fields: Any) -> None:
    """Wait until the person's document has these values."""
    members = world.database.members
    async with asyncio.timeout(30), await members.watch() as changes:
        while not await members.find_one({"slack_id": person.id, **fields}):
            await changes.next()


def _find_card(person: Person, ticket_id: str, button: str) -> Any:
    """The newest message with this button of this ticket."""
    return next(
        message
        for message in reversed(person.messages)
        if f"'{ticket_id}:" in str(message.blocks) and button in message.buttons
    )


async def _claim_by_link(world: World, ticket_id: str) -> None:
    """The assignee claims a ticket with the link in the e-mail."""
    person = await assignee(world, ticket_id)
    email = next(e for e in world.mail.letters_to(person.email) if ticket_id in e.text)
    link = re.findall(r"^Claim: (\S+)$", email.text, flags=re.MULTILINE)[0]
    async with ClientSession(raise_for_status=True) as http:
        async with http.get(link) as page:
            query = re.findall(r'action="([^"]+)"', await page.text())[0]
        async with http.post(link + query):
            pass
    await nothing_pends(world)
