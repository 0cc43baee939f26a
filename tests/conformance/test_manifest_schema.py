"""Our manifest rules compared with Slack's own JSON schema."""

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
# All properties that both Slack's schema and our rules check.
FULL_MANIFEST: Json = {
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
# The text limits of the schema; 175 is a minimum, so its last invalid length is 174.
LIMITS = (24, 32, 35, 50, 80, 140, 150, 174, 255, 300, 1000, 2000, 2500, 4000)
TEXT_LENGTHS = [length for limit in LIMITS for length in (limit, limit + 1)]
# The test replaces each value of the manifest by each of these, one at a time.
SUBSTITUTES: dict[str, Any] = {
    "null": None,
    "true": True,
    "a number": 7,
    "a fraction": 1.5,
    "an empty text": "",
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
    "an unknown object": {"tea_time": True},
    **{f"{length} letters": "x" * length for length in TEXT_LENGTHS},
}
LENGTHS = (2, 4, 5, 6, 10, 11, 20, 21, 50, 51, 100, 101, 255, 256, 1000, 1001)
STRICTER = {
    # The schema says "regex", which is no keyword of JSON Schema, so it checks no pattern.
    "/display_information/background_color",
}


def values_by_pointer(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the value and all its parts, each with its pointer."""
    yield pointer, value
    parts = dict(enumerate(value)) if isinstance(value, list) else value
    if isinstance(parts, dict):
        for key, part in parts.items():
            yield from values_by_pointer(part, f"{pointer}/{key}")


def with_value(pointer: str, substitute: Any) -> Any:
    if not pointer:
        return substitute
    manifest = copy.deepcopy(FULL_MANIFEST)
    *parent_keys, last_key = [int(k) if k.isdigit() else k for k in pointer[1:].split("/")]
    parent: Any = manifest
    for key in parent_keys:
        parent = parent[key]
    parent[last_key] = substitute
    return manifest


def variants(pointer: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the manifest with each substitute for the value at this pointer, by its name."""
    substitutes = dict(SUBSTITUTES)
    if isinstance(value, dict):
        substitutes["an unknown key"] = {**value, "tea_time": True}
        for missing in value:
            substitutes[f"no {missing}"] = {k: v for k, v in value.items() if k != missing}
    if isinstance(value, list):
        for length in LENGTHS:
            substitutes[f"{length} equal items"] = value[:1] * length
            substitutes[f"{length} different items"] = distinct_items(pointer, value[0], length)
    for name, substitute in substitutes.items():
        yield name, with_value(pointer, substitute)


def distinct_items(pointer: str, item: Any, count: int) -> list[Any]:
    if isinstance(item, dict):
        name, first = next(iter(item.items()))
        return [{**item, name: f"{first}{number}"} for number in range(count)]
    if pointer.endswith("ranges"):
        return [f"192.0.{number // 256}.{number % 256}" for number in range(count)]
    if pointer.endswith("domains"):
        return [f"{number}.{item}" for number in range(count)]
    return [f"{item}{number}" for number in range(count)]


VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
VALUES = dict(values_by_pointer(FULL_MANIFEST))


@pytest.mark.parametrize("version", VALID)
def test_slacks_valid_example_is_accepted(version: str) -> None:
    assert check_manifest(VALID[version]) == []


def test_full_manifest_is_accepted_by_both() -> None:
    VALIDATOR.validate(FULL_MANIFEST)

    assert check_manifest(FULL_MANIFEST) == []


@pytest.mark.parametrize("pointer", VALUES)
def test_value_is_accepted_if_slacks_schema_accepts_it(pointer: str) -> None:
    differences = []
    for name, manifest in variants(pointer, VALUES[pointer]):
        theirs, ours = VALIDATOR.is_valid(manifest), not list(MANIFEST_SCHEMA(manifest, ""))
        if theirs != ours and not (pointer in STRICTER and theirs):
            differences.append((name, f"Slack's schema accepts it: {theirs}"))

    assert differences == []


def test_all_sections_of_the_schema_are_listed() -> None:
    checked_sections = {pointer.split("/")[1] for pointer in VALUES if pointer}

    assert set(SCHEMA["properties"]) == checked_sections | set(UNCHECKED_SECTIONS)


@pytest.mark.parametrize("section", ["features", "settings", "display_information"])
def test_all_properties_of_a_section_are_in_the_manifest(section: str) -> None:
    properties = SCHEMA["definitions"][f"app-manifests.v1.{section}.schema"]["properties"]

    # Only Slack-hosted apps have functions.
    assert set(properties) - {"functions"} == set(VALUES[f"/{section}"])
