"""What README.md shows of the API is done as it is written."""

import re
import shlex
from argparse import ArgumentParser
from typing import Any

from models.people.member import Role
from tests.bot.api.conftest import ApiClient
from tests.project import ROOT

THERE = "http://127.0.0.1:3000"


def shown() -> list[list[str]]:
    """The arguments of each `curl` in the part for programs."""
    [part] = re.findall("## For programs\n(.*?)\n## ", _readme(), re.DOTALL)
    [block] = re.findall("```\n(.*?)```", part, re.DOTALL)
    lines = block.replace("\\\n", " ").splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("curl ")]


def _readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


CURL = ArgumentParser()
CURL.add_argument("-H", dest="headers", action="append")
CURL.add_argument("-d", dest="data")
CURL.add_argument("url")


async def answered(api: ApiClient, arguments: list[str], *, token: str) -> tuple[int, Any]:
    """What the API answers to what `curl` would send."""
    sent = CURL.parse_args(arguments)
    headers = dict(one.replace("$TOKEN", token).split(": ", 1) for one in sent.headers)
    method = "POST" if sent.data else "GET"
    url = sent.url.replace(THERE, api.url)
    async with api.http.request(method, url, headers=headers, data=sent.data) as answer:
        return answer.status, await answer.json()


async def test_the_examples_run(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UREADER", Role.USER)

    (first, listed), (second, opened) = [
        await answered(api, arguments, token=token) for arguments in shown()
    ]

    assert (first, second) == (200, 201)
    assert (listed["next"], opened["title"]) == (None, "VPN is down")


async def test_what_the_description_gives_as_examples_is_taken(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UREADER", Role.USER)
    async with api.http.get(f"{api.url}/api/openapi.json") as answer:
        schemas = (await answer.json())["components"]["schemas"]
    title = schemas["TicketIn"]["properties"]["title"]["examples"][0]

    key = {"Idempotency-Key": "as-described"}
    opened = await api.call("POST", "/tickets", token=token, headers=key, json={"title": title})

    assert (opened.status, opened.body["title"]) == (201, title)
