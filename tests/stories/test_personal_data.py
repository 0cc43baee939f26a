"""MongoDB and Redis have nothing that the personal-data inventory does not name."""

from fnmatch import fnmatchcase

from bot.admin.taxonomy.dry_run_form import WORKER_TIMEOUT_SECONDS
from models.personal_data import REDIS_KEYS
from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.stored_documents import field_paths, uncovered_paths
from tests.stories.conftest import HTTP_ONLY
from tests.stories.test_api_tokens import wait_for_text
from tests.stories.test_damaged_documents import resolve_ticket
from tests.stories.test_dry_run import BY_GEMINI, PAGE, submit_request
from tests.stories.user_actions import open_ticket

TEXT = "VPN is down, says the swordfish"


@HTTP_ONLY
async def test_inventory_names_what_a_ticket_and_a_dry_run_leave(
    world: World, personas: Personas
) -> None:
    await resolve_ticket(world, personas, await open_ticket(personas.ada, TEXT))
    await submit_request(world, personas.grace, TEXT)
    await wait_for_text(world.slack, personas.grace, BY_GEMINI, title=PAGE)

    keys = [key.decode() for key in await world.redis.keys()]
    unlisted = [key for key in keys if not any(fnmatchcase(key, one.pattern) for one in REDIS_KEYS)]
    assert (unlisted, any(key.startswith("drawn:") for key in keys)) == ([], True)
    for name in await world.database.list_collection_names():
        documents = await world.find_documents(name)
        paths = {path for document in documents for path in field_paths(document)}
        assert uncovered_paths(paths, name) == [], name


@HTTP_ONLY
async def test_text_of_a_dry_run_expires_in_redis(world: World, personas: Personas) -> None:
    world.worker.suspend()
    # Redis then says when a key is set: https://redis.io/docs/latest/develop/pubsub/keyspace-notifications/
    await world.redis.config_set("notify-keyspace-events", "KA")
    async with world.redis.pubsub() as events:
        await events.psubscribe("__keyspace@*__:arq:job:*")
        await submit_request(world, personas.grace, TEXT)
        async for _ in events.listen():
            jobs = await world.redis.keys("arq:job:*")
            keys = [key for key in jobs if TEXT.encode() in (await world.redis.get(key) or b"")]
            if keys:
                break
    await world.redis.config_set("notify-keyspace-events", "")

    assert len(keys) == 1
    assert 0 < await world.redis.ttl(keys[0]) <= WORKER_TIMEOUT_SECONDS
    [listed] = [one for one in REDIS_KEYS if one.pattern == "arq:job:*"]
    assert f"at most {WORKER_TIMEOUT_SECONDS} seconds" in listed.retention
