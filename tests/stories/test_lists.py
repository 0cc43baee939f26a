"""An admin keeps the desk's lists in Slack, and what follows from it for people and tickets."""

import time
from typing import Any

from models.configuration import DEFAULT
from sandbox.cast import Cast
from sandbox.servers import Servers
from sandbox.slack.person import Person
from sandbox.world import World
from tests.stories.acts import gives, opens_list, opens_team, opens_ticket, saves
from tests.stories.conftest import HTTP_ONLY


async def member(world: World, person: Person) -> dict[str, Any]:
    """What is stored of a person."""
    [found] = [m for m in await world.documents("members") if m["slack_id"] == person.id]
    return found


@HTTP_ONLY
async def test_a_new_name_for_a_skill_follows_to_people_tickets_and_cards(
    world: World, cast: Cast
) -> None:
    grace, bob = cast.grace, cast.bob
    number = await opens_ticket(cast.ada, "Okta drops me")
    await bob.gets_message("knows okta")

    await opens_list(world, grace, "Skills")
    await grace.fills("Skill", "okta")
    await grace.fills("Name", "Entra")
    assert "Entra is saved" in await saves(grace)

    assert number in (await bob.gets_message("Entra")).says
    assert "Entra" in (await member(world, bob))["skills"]
    assert "okta" not in (await member(world, bob))["skills"]
    await bob.clicks(await bob.gets_message(number), "Claim")
    await opens_ticket(cast.ada, "Entra again")
    assert "knows Entra" in (await bob.gets_message("Entra again")).says


@HTTP_ONLY
async def test_a_skill_that_is_in_use_is_removed_after_a_question(world: World, cast: Cast) -> None:
    grace = cast.grace
    await gives(world.slack, grace, cast.eve, role="Moderator", skills=["outlook", "mac"])
    await opens_list(world, grace, "Skills")
    await grace.fills("Skill", "outlook")
    assert grace.modal
    await grace.clicks(grace.modal, "Remove this skill")
    await world.slack.until(
        lambda: grace.modal and grace.modal.submit == "Remove", waiting_for="the question"
    )
    assert grace.modal
    assert "1 person has the skill" in grace.modal.says

    assert "outlook is removed" in await saves(grace)

    assert (await member(world, cast.eve))["skills"] == ["mac"]
    assert {act["what"] for act in await world.documents("audit")} >= {"removed skill"}


@HTTP_ONLY
async def test_nobody_gets_more_than_they_take_or_anything_while_away(
    world: World, cast: Cast
) -> None:
    grace, bob = cast.grace, cast.bob
    await opens_team(world.slack, grace)
    await grace.fills("Person", bob.id)
    await grace.fills("Most open tickets", "1")
    await saves(grace)

    await opens_ticket(cast.ada, "Okta is slow")
    await bob.gets_message("Okta is slow")
    await opens_ticket(cast.ada, "Okta is gone")
    full = await grace.gets_message("Okta is gone")
    assert "has as many open tickets as they take" in full.says

    tomorrow = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 3 * 86_400))
    await opens_team(world.slack, grace)
    await grace.fills("Person", bob.id)
    await grace.fills("Most open tickets", None)
    await grace.fills("Away until", tomorrow)
    assert "Away until" in await saves(grace)
    await opens_ticket(cast.ada, "Okta is back")
    assert "nobody available knows okta" in (await grace.gets_message("Okta is back")).says


@HTTP_ONLY
async def test_a_category_has_a_least_priority_and_may_be_kept_from_gemini(
    world: World, cast: Cast
) -> None:
    grace = cast.grace
    await opens_list(world, grace, "Categories")
    await grace.fills("Name", "Salaries")
    await grace.fills("Words that point to it", "payslip, wage")
    await grace.fills("At least this priority", "high")
    await grace.fills("Artificial intelligence", ["Never send these tickets to an AI"])
    assert "Salaries is saved" in await saves(grace)
    asked = len(world.gemini.requests)

    await opens_ticket(cast.ada, "My payslip is wrong")

    card = await grace.gets_message("My payslip is wrong")
    assert "Salaries" in card.says
    assert "high" in card.says
    assert len(world.gemini.requests) == asked


async def test_a_thousand_people_and_three_hundred_skills_are_no_trouble(
    servers: Servers,
) -> None:
    names = [f"skill {number:03}" for number in range(300)]
    async with World(servers=servers) as world:
        grace, ada = world.cast.grace, world.cast.ada
        people = await _crowd(world, names)
        await opens_team(world.slack, grace)
        await grace.fills("Person", people[999].id)
        assert await grace.searches("Skills", "skill 29") == [f"skill 29{n}" for n in range(10)]
        assert len(await grace.searches("Skills", "")) == 100
        await grace.fills("Role", "Moderator")
        await grace.fills("Skills", [names[0], names[299]])
        assert "skill 299" in await saves(grace)
        assert (await member(world, people[999]))["skills"] == [names[0], names[299]]

        await opens_ticket(ada, "Who knows skill 299?")

        assert "knows skill 299" in (await people[999].gets_message("Who knows")).says


async def _crowd(world: World, names: list[str]) -> list[Person]:
    """A thousand people whom the desk knows, and a list of these skills."""
    people = [
        world.slack.add_person(
            f"p{number}", real_name=f"Person {number}", email=f"p{number}@acme.example"
        )
        for number in range(1000)
    ]
    await opens_team(world.slack, world.cast.grace)
    await world.cast.grace.closes()
    team_id = (await member(world, world.cast.grace))["team_id"]
    known = {"team_id": team_id, "role": "moderator", "skills": ["vpn"], "active": True}
    await world.database.members.insert_many(
        {"_id": f"{team_id}:{one.id}", "slack_id": one.id, "name": one.real_name, **known}
        for one in people
    )
    skills = [{"name": name, "aliases": []} for name in names]
    lists = DEFAULT.model_dump(mode="json") | {"skills": skills, "rev": 0}
    await world.database.configurations.replace_one({"_id": team_id}, lists, upsert=True)
    return people
