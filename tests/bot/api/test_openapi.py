"""The API is as it describes itself, called in every way that it allows, and in others."""

import os
import re
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from models.people.member import Role
from sandbox.services.database_servers import DatabaseServers, find_free_port
from tests.bot.api.conftest import ApiClient, serve_api
from tests.service_factory import run_service

SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"
CONFIG = Path(__file__).with_name("schemathesis.toml")
HOOKS = Path(__file__).with_name("rotating_tokens.py")
# Each may call 240 times a minute; Schemathesis fails where it was mostly told to wait.
_TOKENS = 60


@pytest.fixture(scope="module")
async def api(servers: DatabaseServers) -> AsyncIterator[ApiClient]:
    """The API of a desk of its own: who calls is its last admin, and stays one."""
    async with (
        run_service(servers, port=find_free_port()) as service,
        ClientSession() as http,
        serve_api(service, http) as api,
    ):
        yield api


async def calls_all(api: ApiClient, *, phases: str, **options: int) -> tuple[int, str]:
    """The exit code of Schemathesis, and what it says."""
    tokens = [
        (await api.create_member_with_token("USCHEMA", Role.ADMIN))[1] for _ in range(_TOKENS)
    ]
    await api.open_ticket("USCHEMA")
    more = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    ran = await create_subprocess_exec(
        *(str(SCHEMATHESIS), "--config-file", str(CONFIG)),
        *("run", f"{api.url}/api/openapi.json", "--phases", phases, *more),
        *("--seed", "1", "--no-color", "--suppress-health-check", "all"),
        env=os.environ | {"SCHEMATHESIS_HOOKS": str(HOOKS), "TOKENS_IN_TURN": " ".join(tokens)},
        stdout=PIPE,
        stderr=STDOUT,
    )
    said, _ = await ran.communicate()
    return ran.returncode or 0, said.decode()


async def test_the_api_is_as_it_describes_itself(api: ApiClient) -> None:
    code, said = await calls_all(api, phases="examples,fuzzing", max_examples=1)

    assert code == 0, said


@pytest.mark.long
@pytest.mark.fault("F87")
async def test_the_api_is_so_whatever_is_tried(api: ApiClient) -> None:
    code, said = await calls_all(api, phases="examples,coverage,fuzzing,stateful", max_examples=30)

    assert code == 0, said


async def test_the_page_about_the_api_names_no_outside_host(api: ApiClient) -> None:
    async with api.http.get(f"{api.url}/api/docs") as answer:
        page, policy = await answer.text(), answer.headers["Content-Security-Policy"]

    assert not re.search(r"https?:|[\"'(]//", page)
    assert not re.search(r"https?:|\*|wss?:", policy)
    assert '"validatorUrl": null' in page
    parts = re.findall(r"(?:src|href|url)\s*[=:]\s*[\"']([^\"']+)", page)
    assert len(parts) == 4
    for part in parts:
        async with api.http.get(f"{api.url}{part}") as answer:
            assert answer.ok, part
            body = await answer.text() if part.endswith(".css") else ""
        assert not re.search(r"@import|url\([\"']?(https?:)?//", body)


async def test_the_description_can_be_read_by_people(api: ApiClient) -> None:
    async with api.http.get(f"{api.url}/api/docs") as answer:
        assert answer.ok
    async with api.http.get(f"{api.url}/api/openapi.json") as answer:
        described = await answer.json()
    assert described["openapi"].startswith("3.1")
    assert set(described["paths"]) >= {"/v1/tickets", "/v1/tickets/{ticket_id}/{verb}", "/v1/me"}
