"""Fills a database with commit 4edd947; `tests/old_release_dump.py` runs it.

This commit has no watchers, corrections, solutions or forms for categories. A setting names the
user group of moderators.
"""

from old_world import (
    add_webhooks,
    dump_world,
    leave_steps_undone,
    set_up_people,
    wait_for_member,
    work_on_tickets,
)

from sandbox.world import World


async def fill(world: World, webhook_url: str) -> None:
    """Use each feature of this commit once."""
    await set_up_people(world)
    kim = world.slack.add_person("kim", real_name="Kim Okafor", email="kim@acme.example")
    [group] = world.slack.state.usergroups
    world.slack.change_usergroup(group, users=[kim])
    await wait_for_member(world, kim, role="moderator", by_group=True)
    await add_webhooks(world, webhook_url)
    await work_on_tickets(world)
    await leave_steps_undone(world)


if __name__ == "__main__":
    # The world reads the settings when it starts. The group that they name exists by then.
    settings = {"MODERATOR_GROUP": ""}
    world = World(told_all=settings)
    settings["MODERATOR_GROUP"] = world.slack.add_usergroup("it", name="IT").id
    dump_world(world, fill)
