"""Our Block Kit rules compared with lists of Slack's limits and with real payloads."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.slack.blockkit import Problem, check_message, check_view
from tests.conformance.invalid_blocks import LIMITED, UNLIMITED, Payload
from tests.project import ROOT
from tests.sandbox.slack.blockkit.sample_blocks import message_problems

SLACK = ROOT.parent / "shared" / "slack"

# Blocks that our rules refuse as a whole → prefixes of the constraints that concern only them.
NOT_MODELLED = {
    "alert": "alert.",
    "card": "card.",
    "carousel": "carousel.",
    "container": "container.",
    "context_actions": "context_actions. feedback_button. icon_button.",
    "data_table": "data_table.",
    "data_visualization": "data_visualization.",
    "task_card": "url_source.",
}
STRICTER = {
    "video.title.max_length": "slack_sdk's VideoBlock already refuses 200 characters",
    "video.author_name.max_length": "slack_sdk's VideoBlock already refuses 50 characters",
}
# Slack adds these when it stores a block; an app never sends them.
ADDED_BY_SLACK = {"fallback", "image_width", "image_height", "image_bytes"}
VIEW_KEYS = {
    "home": {"type", "blocks", "private_metadata", "callback_id", "external_id"},
    "modal": {
        *("type", "blocks", "private_metadata", "callback_id", "external_id"),
        *("title", "submit", "close", "clear_on_close", "notify_on_close"),
    },
}


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


CASES = _json(SLACK / "slackblocks" / "invalid-manifest.json")["cases"]
LIMITS = {
    **_json(SLACK / "slackblocks" / "spec-limits.json"),
    # slackblocks names this limit only in the description of a case.
    "table": {"rows": {"max_items": 100}},
}


def problems(payload: Payload) -> list[Problem]:
    return check_message(payload) if isinstance(payload, list) else check_view(payload)


def unmodelled_kinds(constraint: str) -> list[str]:
    return [
        kind
        for kind, prefixes in NOT_MODELLED.items()
        if constraint.startswith(tuple(prefixes.split()))
    ]


def get_limit(constraint: str) -> int:
    value = LIMITS
    for key in constraint.split("."):
        value = value[key]
    assert isinstance(value, int)
    return value


def beyond_limit(constraint: str) -> int:
    limit = get_limit(constraint)
    return limit - 1 if constraint.rpartition(".")[2].startswith("min") else limit + 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_payload_beyond_a_constraint_is_refused(case: dict[str, str]) -> None:
    constraint = case["constraint"]

    if constraint in LIMITED:
        assert problems(LIMITED[constraint](beyond_limit(constraint)))
    elif constraint in UNLIMITED:
        assert problems(UNLIMITED[constraint])
    else:
        (kind,) = unmodelled_kinds(constraint)
        assert message_problems({"type": kind}) == [
            f"unsupported type: {kind} [json-pointer:/blocks/0/type]"
        ]


@pytest.mark.parametrize("constraint", sorted(set(LIMITED) - set(STRICTER)))
def test_payload_at_its_limit_is_accepted(constraint: str) -> None:
    assert problems(LIMITED[constraint](get_limit(constraint))) == []


@pytest.mark.parametrize("constraint", STRICTER)
def test_stricter_limit_of_two_sources_applies(constraint: str) -> None:
    assert problems(LIMITED[constraint](get_limit(constraint)))
    assert problems(LIMITED[constraint](get_limit(constraint) - 1)) == []


def test_payloads_are_cases_of_the_list() -> None:
    assert {*LIMITED, *UNLIMITED} <= {case["constraint"] for case in CASES}


def real_payloads() -> list[Path]:
    return sorted(SLACK.glob("*/real-payloads/*.json"))


def parts_with_blocks(value: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        if value.get("blocks"):
            yield place, value
        for key, part in value.items():
            yield from parts_with_blocks(part, f"{place}/{key}")


REAL_PARTS = {
    place: part
    for path in real_payloads()
    for place, part in parts_with_blocks(_json(path), f"{path.parts[-3]}/{path.stem}")
}


def as_sent(value: Any) -> Any:
    if isinstance(value, list):
        return [as_sent(item) for item in value]
    if isinstance(value, dict):
        return {key: as_sent(part) for key, part in value.items() if key not in ADDED_BY_SLACK}
    return value


@pytest.mark.parametrize("place", REAL_PARTS)
def test_real_view_or_message_is_accepted(place: str) -> None:
    part = as_sent(REAL_PARTS[place])

    if part["type"] in VIEW_KEYS:
        view_keys = VIEW_KEYS[part["type"]]
        view = {k: v for k, v in part.items() if k in view_keys and v is not None}
        assert check_view(view) == []
    else:
        assert check_message(part["blocks"]) == []


def test_real_payloads_contain_views_and_messages() -> None:
    kinds = [part["type"] for part in REAL_PARTS.values()]

    assert kinds.count("modal") >= 6
    assert kinds.count("home") >= 1
    assert kinds.count("message") >= 8
