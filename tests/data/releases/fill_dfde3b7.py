"""Fills a database with commit dfde3b7, release 0.1.0; `tests/old_release_dump.py` runs it."""

from datetime import UTC, datetime, timedelta

from old_world import (
    add_webhooks,
    assignee,
    click,
    dump_world,
    leave_steps_undone,
    set_up_people,
    wait_for_member,
    work_on_tickets,
)
from tests.stories.acts import (
    lets_in,
    nothing_pends,
    opens_list,
    opens_team,
    opens_ticket,
    saves,
)

from sandbox.world import World


async def fill(world: World, webhook_url: str) -> None:
    """Use each feature of this commit once."""
    await set_up_people(world)
    await _change_lists(world)
    await add_webhooks(world, webhook_url)
    await work_on_tickets(world)
    await _correct_and_watch(world)
    await _solve_by_note(world)
    await _answer_incident(world)
    await _limit_people(world)
    await leave_steps_undone(world)


async def _change_lists(world: World) -> None:
    """A new category, a skill with other words and a pattern, and the user group of moderators."""
    grace = world.cast.grace
    await opens_list(world, grace, "Categories")
    await grace.fills("Name", "Payroll")
    await grace.fills("Words that point to it", "payslip, wage")
    await grace.fills("At least this priority", "high")
    await grace.fills("Artificial intelligence", ["Never send these tickets to an AI"])
    await saves(grace)
    await opens_list(world, grace, "Skills")
    await grace.fills("Name", "incidents")
    await grace.fills("Other words for it", "outage")
    await grace.fills("Patterns", r"INC-\d+")
    await saves(grace)
    kim = world.slack.add_person("kim", real_name="Kim Okafor", email="kim@acme.example")
    world.slack.add_usergroup("it", name="IT", users=[kim])
    await lets_in(world, grace, moderators="@it")
    await wait_for_member(world, kim, role="moderator", by_group=True)


async def _correct_and_watch(world: World) -> None:
    ticket_id = await opens_ticket(world.cast.ada, "My payslip is wrong")
    await nothing_pends(world)
    await click(world, ticket_id, "Claim", "Correct")
    person = await assignee(world, ticket_id)
    await person.fills("Category", "Software")
    await person.submits()
    await world.cast.mo.types(f"/ticket watch {ticket_id}")
    await nothing_pends(world)


async def _solve_by_note(world: World) -> None:
    """A note says how a ticket was solved, and it solves the next one."""
    title = "Outlook forgets my signature"
    first = await opens_ticket(world.cast.ada, title)
    await nothing_pends(world)
    await click(world, first, "Claim", "Resolve with a note")
    person = await assignee(world, first)
    await person.fills("How was it solved?", "Create the signature in the web version.")
    await person.submits()
    await nothing_pends(world)
    mo = world.cast.mo
    await mo.types(f"/ticket My {title}")
    await mo.submits()
    await mo.clicks(mo.modal, "That solved it")
    await mo.closes()
    await nothing_pends(world)


async def _answer_incident(world: World) -> None:
    """One answer resolves three tickets."""
    people = world.cast
    first, *_ = [
        await opens_ticket(person, title)
        for person, title in (
            (people.ada, "Okta is down"),
            (people.mo, "The Okta is down!"),
            (people.eve, "Okta down, please help"),
        )
    ]
    await nothing_pends(world)
    await click(world, first, "Claim", "Answer all")
    person = await assignee(world, first)
    await person.fills("How was it solved?", "Its certificate was renewed.")
    await person.submits()
    await nothing_pends(world)


async def _limit_people(world: World) -> None:
    """Later than the tickets: a guest whom the desk refuses opens none."""
    grace = world.cast.grace
    await lets_in(world, grace, guests="Are refused")
    for person, label, value in (
        (world.cast.mo, "Most open tickets", "5"),
        (world.cast.eve, "Away until", (datetime.now(UTC) + timedelta(days=20)).date().isoformat()),
    ):
        await opens_team(world.slack, grace)
        await grace.fills("Person", person.id)
        await grace.fills(label, value)
        await saves(grace)


if __name__ == "__main__":
    dump_world(World(), fill)
