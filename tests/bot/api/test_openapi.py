"""Schemathesis checks the API against its OpenAPI document, and the page at /api/docs."""

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
from tests.service_factory import run_services

SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"
CONFIG = Path(__file__).with_name("schemathesis.toml")
HOOKS = Path(__file__).with_name("rotating_tokens.py")
# A token may call 240 times a minute. Schemathesis fails if most calls are rate-limited.
_TOKENS = 60


@pytest.fixture(scope="module")
async def api(servers: DatabaseServers) -> AsyncIterator[ApiClient]:
    """The API of a service of its own, where the caller is the last admin and cannot be demoted."""
    async with (
        run_services(servers, port=find_free_port()) as services,
        ClientSession() as http,
        serve_api(services, http) as api,
    ):
        yield api


async def run_schemathesis(api: ApiClient, *, phases: str, **options: int) -> tuple[int, str]:
    """The exit code and the output of Schemathesis."""
    tokens = [
        (await api.create_member_with_token("USCHEMA", Role.ADMIN))[1] for _ in range(_TOKENS)
    ]
    await api.open_ticket("USCHEMA")
    option_arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    process = await create_subprocess_exec(
        *(str(SCHEMATHESIS), "--config-file", str(CONFIG)),
        *("run", f"{api.url}/api/openapi.json", "--phases", phases, *option_arguments),
        *("--seed", "1", "--no-color", "--suppress-health-check", "all"),
        env=os.environ | {"SCHEMATHESIS_HOOKS": str(HOOKS), "TOKENS_IN_TURN": " ".join(tokens)},
        stdout=PIPE,
        stderr=STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def test_the_api_matches_its_openapi_document(api: ApiClient) -> None:
    code, output = await run_schemathesis(api, phases="examples,fuzzing", max_examples=1)

    assert code == 0, output


@pytest.mark.long
@pytest.mark.fault("F87")
async def test_the_api_matches_its_openapi_document_in_long_runs(api: ApiClient) -> None:
    code, output = await run_schemathesis(
        api, phases="examples,coverage,fuzzing,stateful", max_examples=30
    )

    assert code == 0, output


async def test_the_documentation_page_loads_nothing_from_other_hosts(api: ApiClient) -> None:
    async with api.http.get(f"{api.url}/api/docs") as response:
        page, policy = await response.text(), response.headers["Content-Security-Policy"]

    assert not re.search(r"https?:|[\"'(]//", page)
    assert not re.search(r"https?:|\*|wss?:", policy)
    assert '"validatorUrl": null' in page
    urls = re.findall(r"(?:src|href|url)\s*[=:]\s*[\"']([^\"']+)", page)
    assert len(urls) == 4
    for url in urls:
        async with api.http.get(f"{api.url}{url}") as response:
            assert response.ok, url
            body = await response.text() if url.endswith(".css") else ""
        assert not re.search(r"@import|url\([\"']?(https?:)?//", body)


async def test_documentation_page_and_openapi_document_are_served(api: ApiClient) -> None:
    async with api.http.get(f"{api.url}/api/docs") as response:
        assert response.ok
    async with api.http.get(f"{api.url}/api/openapi.json") as response:
        document = await response.json()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) >= {"/v1/tickets", "/v1/tickets/{ticket_id}/claim", "/v1/me"}
