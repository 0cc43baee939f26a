"""Our manifest rules held against Slack's own JSON schema."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sandbox.slack.app_manifest.manifest import check_manifest
from sandbox.slack.app_manifest.manifest_schema import MANIFEST_SCHEMA, UNCHECKED_SECTIONS
from tests.project import ROOT

SLACK = ROOT.parent / "shared" / "slack"
SCHEMAS = SLACK / "manifest-schema"

Json = dict[str, Any]


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


SCHEMA = _json(SCHEMAS / "schemas" / "manifest.schema.1.0.0.json")
EXAMPLES = SCHEMAS / "tests" / "manifests"
VALID = {version: _json(EXAMPLES / version / "manifest.valid.json") for version in ("v1", "v2")}
URL = "https://example.com/slack"
PROMPTS = [{"title": "Errand", "message": "Fetch something"}]
# Everything that both Slack's schema and ours look into.
EVERYTHING: Json = {
    "$schema": "https://example.com/schema.json",
    "_metadata": {"schema_version": 1, "min_version": 1, "major_version": 1, "minor_version": 1},
    "display_information": {
        "name": "Errand",
        "description": "Fetches",
        "background_color": "#123456",
        "long_description": "x" * 175,
    },
    "features": {
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": "Errand", "always_online": True},
        "shortcuts": [
            {"name": "New", "type": "global", "callback_id": "new", "description": "Opens it"}
        ],
        "slash_commands": [
            {
                "command": "/errand",
                "url": URL,
                "description": "Fetch",
                "usage_hint": "what",
                "should_escape": False,
            }
        ],
        "workflow_steps": [{"name": "Step", "callback_id": "step"}],
        "unfurl_domains": ["example.com"],
        "assistant_view": {"assistant_description": "Helps", "suggested_prompts": PROMPTS},
        "agent_view": {
            "agent_description": "Helps",
            "suggested_prompts": PROMPTS,
            "actions": [{"name": "Fetch", "description": "Fetches"}],
        },
    },
    "oauth_config": {
        "redirect_urls": [URL],
        "scopes": {
            "bot": ["commands", "chat:write"],
            "bot_optional": ["users:read"],
            "user": ["chat:write"],
            "user_optional": ["users:read"],
        },
        "token_management_enabled": True,
        "pkce_enabled": False,
    },
    "settings": {
        "allowed_ip_address_ranges": ["192.0.2.0/24"],
        "event_subscriptions": {
            "request_url": URL,
            "user_events": ["team_rename"],
            "bot_events": ["app_home_opened"],
            "metadata_subscriptions": [{"app_id": "A1", "event_type": "errand"}],
        },
        "incoming_webhooks": {"incoming_webhooks_enabled": False},
        "interactivity": {
            "is_enabled": True,
            "request_url": URL,
            "message_menu_options_url": URL,
        },
        "siws_links": {"initiate_uri": URL},
        "org_deploy_enabled": False,
        "socket_mode_enabled": False,
        "token_rotation_enabled": False,
        "is_hosted": False,
        "is_mcp_enabled": False,
        "hermes_app_type": "remote",
        "function_runtime": "remote",
    },
}
# The limits of texts in the schema; around 175 it is the other way round.
LIMITS = (24, 32, 35, 50, 80, 140, 150, 174, 255, 300, 1000, 2000, 2500, 4000)
TEXT_LENGTHS = [length for limit in LIMITS for length in (limit, limit + 1)]
# Each is put in the place of each value of the manifest, one at a time.
SUBSTITUTES: dict[str, Any] = {
    "null": None,
    "true": True,
    "a number": 7,
    "a fraction": 1.5,
    "nothing written": "",
    "one letter": "x",
    "a word": "errand",
    "a slash": "/",
    "a slash and a letter": "/x",
    "a colour": "#abc",
    "an address": "https://example.com",
    "an unsafe address": "http://example.com",
    "a long address": "https://" + "x" * 2992,
    "a hardly longer address": "https://" + "x" * 2993,
    "a longer address": "https://" + "x" * 3492,
    "too long an address": "https://" + "x" * 3493,
    "an empty list": [],
    "an empty object": {},
    "a strange object": {"tea_time": True},
    **{f"{length} letters": "x" * length for length in TEXT_LENGTHS},
}
LENGTHS = (2, 4, 5, 6, 10, 11, 20, 21, 50, 51, 100, 101, 255, 256, 1000, 1001)
STRICTER = {
    # The schema says "regex", which is no word of JSON Schema, so its pattern never holds.
    "/display_information/background_color",
}


def places(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """The value itself and every part of it, each with the way to it."""
    yield pointer, value
    named = dict(enumerate(value)) if isinstance(value, list) else value
    if isinstance(named, dict):
        for key, part in named.items():
            yield from places(part, f"{pointer}/{key}")


def replaced(pointer: str, substitute: Any) -> Any:
    if not pointer:
        return substitute
    manifest = copy.deepcopy(EVERYTHING)
    *way, last = [int(step) if step.isdigit() else step for step in pointer[1:].split("/")]
    place: Any = manifest
    for step in way:
        place = place[step]
    place[last] = substitute
    return manifest


def spoilt(pointer: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The manifest with this place written in every way we can think of."""
    substitutes = dict(SUBSTITUTES)
    if isinstance(value, dict):
        substitutes["a strange key"] = {**value, "tea_time": True}
        for missing in value:
            substitutes[f"no {missing}"] = {k: v for k, v in value.items() if k != missing}
    if isinstance(value, list):
        for length in LENGTHS:
            substitutes[f"{length} times the same"] = value[:1] * length
            substitutes[f"{length} different ones"] = various(pointer, value[0], length)
    for name, substitute in substitutes.items():
        yield name, replaced(pointer, substitute)


def various(pointer: str, item: Any, count: int) -> list[Any]:
    if isinstance(item, dict):
        name, first = next(iter(item.items()))
        return [{**item, name: f"{first}{number}"} for number in range(count)]
    if pointer.endswith("ranges"):
        return [f"192.0.{number // 256}.{number % 256}" for number in range(count)]
    if pointer.endswith("domains"):
        return [f"{number}.{item}" for number in range(count)]
    return [f"{item}{number}" for number in range(count)]


VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
PLACES = dict(places(EVERYTHING))


@pytest.mark.parametrize("version", VALID)
def test_what_slack_calls_valid_is_valid(version: str) -> None:
    assert check_manifest(VALID[version]) == []


def test_the_manifest_with_everything_is_valid_to_both() -> None:
    VALIDATOR.validate(EVERYTHING)

    assert check_manifest(EVERYTHING) == []


@pytest.mark.parametrize("pointer", PLACES)
def test_every_place_is_judged_as_slacks_schema_judges_it(pointer: str) -> None:
    disagreed = []
    for name, manifest in spoilt(pointer, PLACES[pointer]):
        theirs, ours = VALIDATOR.is_valid(manifest), not list(MANIFEST_SCHEMA(manifest, ""))
        if theirs != ours and not (pointer in STRICTER and theirs):
            disagreed.append((name, f"Slack's schema takes it: {theirs}"))

    assert disagreed == []


def test_nothing_in_the_schema_is_left_out() -> None:
    looked_into = {pointer.split("/")[1] for pointer in PLACES if pointer}

    assert set(SCHEMA["properties"]) == looked_into | set(UNCHECKED_SECTIONS)


@pytest.mark.parametrize("section", ["features", "settings", "display_information"])
def test_every_property_of_a_section_was_tried(section: str) -> None:
    properties = SCHEMA["definitions"][f"app-manifests.v1.{section}.schema"]["properties"]

    # Functions belong to apps that run at Slack.
    assert set(properties) - {"functions"} == set(PLACES[f"/{section}"])
