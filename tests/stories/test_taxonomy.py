"""Admins change skills, categories and limits in Slack; members and tickets follow."""

import time
from typing import Any

from models.triage.taxonomy import DEFAULT_TAXONOMY
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.actors.person import Person
from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import (
    open_admin_form,
    open_member_form,
    open_ticket,
    save_and_close_form,
    set_role_and_skills,
    wait_for_skill,
)


async def stored_member(world: World, person: Person) -> dict[str, Any]:
    members = await world.find_documents("members")
    [member] = [member for member in members if member["slack_id"] == person.id]
    return member


@HTTP_ONLY
async def test_renamed_skill_changes_in_members_tickets_and_cards(
    world: World, personas: Personas
) -> None:
    grace, bob = personas.grace, personas.bob
    number = await open_ticket(personas.ada, "Okta drops me")
    await bob.wait_for_message("knows okta")

    await open_admin_form(world, grace, "Skills")
    await grace.fill("Skill", "okta")
    await grace.fill("Name", "Entra")
    assert "Entra is saved" in await save_and_close_form(grace)

    await wait_for_skill(world, number, "Entra")
    await bob.click(await bob.wait_for_message(number), "Details")
    await world.slack.wait_until(
        lambda: bob.modal and "Entra" in bob.modal.visible_text, waiting_for="the details"
    )
    await bob.close_modal()
    assert "Entra" in (await stored_member(world, bob))["skills"]
    assert "okta" not in (await stored_member(world, bob))["skills"]
    await bob.click(await bob.wait_for_message(number), "Claim")
    await open_ticket(personas.ada, "Entra again")
    assert "knows Entra" in (await bob.wait_for_message("Entra again")).visible_text


@HTTP_ONLY
async def test_skill_in_use_is_removed_after_a_confirmation(
    world: World, personas: Personas
) -> None:
    grace = personas.grace
    await set_role_and_skills(
        world.slack, grace, personas.eve, role="Moderator", skills=["outlook", "mac"]
    )
    await open_admin_form(world, grace, "Skills")
    await grace.fill("Skill", "outlook")
    assert grace.modal
    # Slack shows the question of the button before it sends the click.
    [row] = [block for block in grace.modal.blocks if block["block_id"] == "removal"]
    question = row["elements"][0]["confirm"]
    assert question["title"]["text"] == "Remove the skill outlook?"
    assert question["text"]["text"].startswith(
        "1 person has this skill, and no open tickets need it."
    )

    await grace.click(grace.modal, "Remove this skill")
    await world.slack.wait_until(
        lambda: grace.modal and "outlook is removed" in grace.modal.visible_text,
        waiting_for="the confirmation",
    )

    assert (await stored_member(world, personas.eve))["skills"] == ["mac"]
    assert {entry["what"] for entry in await world.find_documents("audit")} >= {"removed skill"}


@HTTP_ONLY
async def test_no_offers_at_the_ticket_limit_or_out_of_office(
    world: World, personas: Personas
) -> None:
    grace, bob = personas.grace, personas.bob
    await open_member_form(world.slack, grace)
    await grace.fill("Person", bob.id)
    await grace.fill("Maximum open tickets", "1")
    await save_and_close_form(grace)

    await open_ticket(personas.ada, "Okta is slow")
    await bob.wait_for_message("Okta is slow")
    await open_ticket(personas.ada, "Okta is gone")
    card = await grace.wait_for_message("Okta is gone")
    assert "at their maximum of open tickets" in card.visible_text

    first_day_back = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 3 * 86_400))
    await open_member_form(world.slack, grace)
    await grace.fill("Person", bob.id)
    await grace.fill("Maximum open tickets", None)
    await grace.fill("Out of office until", first_day_back)
    assert "Out of office until" in await save_and_close_form(grace)
    await open_ticket(personas.ada, "Okta is back")
    assert (
        "nobody available knows okta" in (await grace.wait_for_message("Okta is back")).visible_text
    )


@HTTP_ONLY
async def test_category_sets_minimum_priority_and_excludes_ai(
    world: World, personas: Personas
) -> None:
    grace = personas.grace
    await open_admin_form(world, grace, "Categories")
    await grace.fill("Name", "Salaries")
    await grace.fill("Keywords", "payslip, wage")
    await grace.fill("Minimum priority", "high")
    await grace.fill("Privacy", ["Do not send to AI"])
    assert "Salaries is saved" in await save_and_close_form(grace)
    request_count = len(world.gemini.requests)

    await open_ticket(personas.ada, "My payslip is wrong")

    card = await grace.wait_for_message("My payslip is wrong")
    assert "Salaries" in card.visible_text
    assert "high" in card.visible_text
    assert len(world.gemini.requests) == request_count


async def test_forms_work_with_1000_members_and_300_skills(
    servers: DatabaseServers,
) -> None:
    names = [f"skill {number:03}" for number in range(300)]
    async with World(servers=servers) as world:
        grace, ada = world.personas.grace, world.personas.ada
        people = await _add_people(world, names)
        await open_member_form(world.slack, grace)
        await grace.fill("Person", people[999].id)
        assert await grace.search_options("Skills", "skill 29") == [
            f"skill 29{n}" for n in range(10)
        ]
        assert len(await grace.search_options("Skills", "")) == 100
        await grace.fill("Role", "Moderator")
        await grace.fill("Skills", [names[0], names[299]])
        assert "skill 299" in await save_and_close_form(grace)
        assert (await stored_member(world, people[999]))["skills"] == [names[0], names[299]]

        await open_ticket(ada, "Who knows skill 299?")

        assert "knows skill 299" in (await people[999].wait_for_message("Who knows")).visible_text


async def _add_people(world: World, names: list[str]) -> list[Person]:
    """A thousand members, in a workspace with these skills."""
    people = [
        world.slack.add_person(
            f"p{number}", real_name=f"Person {number}", email=f"p{number}@acme.example"
        )
        for number in range(1000)
    ]
    await open_member_form(world.slack, world.personas.grace)
    await world.personas.grace.close_modal()
    team_id = (await stored_member(world, world.personas.grace))["team_id"]
    fields = {"team_id": team_id, "role": "moderator", "skills": ["vpn"], "active": True}
    await world.database.members.insert_many(
        {
            "_id": f"{team_id}:{person.id}",
            "slack_id": person.id,
            "name": person.real_name,
            **fields,
        }
        for person in people
    )
    skills = [{"name": name, "aliases": []} for name in names]
    taxonomy = DEFAULT_TAXONOMY.model_dump(mode="json") | {"skills": skills, "rev": 0}
    await world.database.configurations.replace_one({"_id": team_id}, taxonomy, upsert=True)
    return people
