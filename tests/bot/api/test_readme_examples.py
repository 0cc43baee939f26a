"""The API examples in README.md and in the OpenAPI document work."""

import re
import shlex
from argparse import ArgumentParser
from typing import Any

from models.people.member import Role
from tests.bot.api.conftest import ApiClient
from tests.project import ROOT

README_URL = "http://127.0.0.1:3000"


def curl_arguments() -> list[list[str]]:
    """The arguments of each `curl` command in the section for programs."""
    [section] = re.findall("## For programs\n(.*?)\n## ", _readme(), re.DOTALL)
    [block] = re.findall("```\n(.*?)```", section, re.DOTALL)
    lines = block.replace("\\\n", " ").splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("curl ")]


def _readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


CURL = ArgumentParser()
CURL.add_argument("-H", dest="headers", action="append")
CURL.add_argument("-d", dest="data")
CURL.add_argument("url")


async def run_curl(api: ApiClient, arguments: list[str], *, token: str) -> tuple[int, Any]:
    """Status and body of the API's response to the request of this `curl` command."""
    options = CURL.parse_args(arguments)
    headers = dict(one.replace("$TOKEN", token).split(": ", 1) for one in options.headers)
    method = "POST" if options.data else "GET"
    url = options.url.replace(README_URL, api.url)
    async with api.http.request(method, url, headers=headers, data=options.data) as response:
        return response.status, await response.json()


async def test_the_curl_examples_of_the_readme_work(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UREADER", Role.USER)

    (first_status, tickets), (second_status, ticket) = [
        await run_curl(api, arguments, token=token) for arguments in curl_arguments()
    ]

    assert (first_status, second_status) == (200, 201)
    assert (tickets["next"], ticket["title"]) == (None, "VPN is down")


async def test_the_example_of_the_openapi_document_works(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UREADER", Role.USER)
    async with api.http.get(f"{api.url}/api/openapi.json") as response:
        schemas = (await response.json())["components"]["schemas"]
    title = schemas["TicketIn"]["properties"]["title"]["examples"][0]

    key = {"Idempotency-Key": "as-described"}
    ticket = await api.call("POST", "/tickets", token=token, headers=key, json={"title": title})

    assert (ticket.status, ticket.body["title"]) == (201, title)
