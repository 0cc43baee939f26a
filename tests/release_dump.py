"""`python -m tests.release_dump`: writes a database of this release for the migration tests.

Real bot and worker, driven through Slack, fill the database. `tests/models/test_releases.py` opens
each dump in `tests/data/releases`. Run it once for each release, before the version is raised.
"""

import asyncio
import tomllib
from typing import Any

from bson import json_util

from models.tickets.ticket import MAX_EVENTS_IN_TICKET
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.actors.person import Person
from sandbox.world.world import World
from tests.project import ROOT
from tests.stories.user_actions import (
    CONFIDENTIAL_OPTION,
    open_admin_form,
    open_ticket,
    save_and_close_form,
    set_guest_policy,
    set_role_and_skills,
    wait_until_no_pending_steps,
)

RELEASES = ROOT / "tests" / "data" / "releases"
_TITLES = (
    "VPN drops every hour",
    "Okta asks for my code twice",
    "Printer on floor 3 jams",
    "My payroll slip is wrong",
    "Zoom has no sound",
)


async def write_dump() -> None:
    """Fill a database, and write all its documents to `tests/data/releases/VERSION.json`."""
    async with DatabaseServers() as servers, World(servers=servers) as world:
        world.slack.has_rate_limits = False
        await _fill_database(world)
        names = sorted(await world.database.list_collection_names())
        dump = {name: await world.find_documents(name) for name in names}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    path = RELEASES / f"{project['version']}.json"
    options = json_util.CANONICAL_JSON_OPTIONS
    text = json_util.dumps(dump, indent=1, sort_keys=True, json_options=options)
    path.write_text(f"{text}\n", encoding="utf-8")
    print(f"{path}: {sum(map(len, dump.values()))} documents")


async def _fill_database(world: World) -> None:
    """Tickets in each status, many corrections, a watcher, a token, a category, a setting."""
    people, slack = world.personas, world.slack
    for person, skills in (
        (people.bob, ["vpn", "okta"]),
        (people.eve, ["email", "video calls"]),
        (people.mo, ["printer"]),
    ):
        await set_role_and_skills(slack, people.grace, person, role="Moderator", skills=skills)
    await open_admin_form(world, people.grace, "Categories")
    await people.grace.fill("Name", "Payroll")
    await save_and_close_form(people.grace)
    numbers = [await open_ticket(people.ada, title) for title in _TITLES]
    await open_ticket(people.ada, "Harassment in my team", confidential=CONFIDENTIAL_OPTION)
    await wait_until_no_pending_steps(world)
    first, second, third, fourth, fifth = numbers
    # Later than the tickets: a denied guest policy makes requesters wait for their profile.
    await set_guest_policy(world, people.grace, guests="Not allowed")
    await _click(world, first, "Claim", "Resolve")
    await _click(world, second, "Claim")
    for number in range(MAX_EVENTS_IN_TICKET):
        await _click(world, second, "Edit triage")
        assignee = await _assignee(world, second)
        await assignee.fill("Category", ("Network", "Payroll")[number % 2])
        await assignee.submit_modal()
        await wait_until_no_pending_steps(world)
    await _click(world, third, "Decline")
    await _click(world, fourth, "Claim", "Release")
    await _click(world, fifth, "Claim")
    await people.mo.type_text(f"/ticket watch {second}")
    await people.bob.type_text("/ticket token")
    await slack.wait_until(
        lambda: people.bob.modal and "Name" in people.bob.modal.labels, waiting_for="the token form"
    )
    await people.bob.fill("Name", "ci")
    await people.bob.submit_modal()
    await wait_until_no_pending_steps(world)


async def _click(world: World, ticket_id: str, *labels: str) -> None:
    for label in labels:
        assignee = await _assignee(world, ticket_id)
        card = next(
            message
            for message in reversed(assignee.messages)
            if ticket_id in message.visible_text and label in message.buttons
        )
        await assignee.click(card, label)
        await wait_until_no_pending_steps(world)


async def _assignee(world: World, ticket_id: str) -> Person:
    documents: list[dict[str, Any]] = await world.find_documents("tickets")
    slack_id = next(ticket["assignee"] for ticket in documents if ticket["_id"] == ticket_id)
    cast = world.personas
    return next(
        person
        for person in (cast.ada, cast.bob, cast.eve, cast.mo, cast.grace)
        if person.id == slack_id
    )


if __name__ == "__main__":
    asyncio.run(write_dump())
