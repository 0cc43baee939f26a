"""Our Block Kit rules held against lists of what Slack refuses, and against what it has sent."""

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

# Blocks that this workspace refuses as a whole → the constraints that concern only them.
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
SENT_WITH = {
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
    # Named in a case's description only.
    "table": {"rows": {"max_items": 100}},
}


def problems(payload: Payload) -> list[Problem]:
    return check_message(payload) if isinstance(payload, list) else check_view(payload)


def not_modelled(constraint: str) -> list[str]:
    return [
        kind
        for kind, prefixes in NOT_MODELLED.items()
        if constraint.startswith(tuple(prefixes.split()))
    ]


def limit_of(constraint: str) -> int:
    found = LIMITS
    for step in constraint.split("."):
        found = found[step]
    assert isinstance(found, int)
    return found


def beyond(constraint: str) -> int:
    limit = limit_of(constraint)
    return limit - 1 if constraint.rpartition(".")[2].startswith("min") else limit + 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_what_must_be_refused_is_refused(case: dict[str, str]) -> None:
    constraint = case["constraint"]

    if constraint in LIMITED:
        assert problems(LIMITED[constraint](beyond(constraint)))
    elif constraint in UNLIMITED:
        assert problems(UNLIMITED[constraint])
    else:
        (kind,) = not_modelled(constraint)
        assert message_problems({"type": kind}) == [
            f"unsupported type: {kind} [json-pointer:/blocks/0/type]"
        ]


@pytest.mark.parametrize("constraint", sorted(set(LIMITED) - set(STRICTER)))
def test_what_just_fits_is_taken(constraint: str) -> None:
    assert problems(LIMITED[constraint](limit_of(constraint))) == []


@pytest.mark.parametrize("constraint", STRICTER)
def test_where_two_sources_differ_the_stricter_holds(constraint: str) -> None:
    assert problems(LIMITED[constraint](limit_of(constraint)))
    assert problems(LIMITED[constraint](limit_of(constraint) - 1)) == []


def test_every_payload_here_stands_for_a_case_of_the_list() -> None:
    assert {*LIMITED, *UNLIMITED} <= {case["constraint"] for case in CASES}


def real_payloads() -> list[Path]:
    return sorted(SLACK.glob("*/real-payloads/*.json"))


def parts_with_blocks(value: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        if value.get("blocks"):
            yield place, value
        for key, one in value.items():
            yield from parts_with_blocks(one, f"{place}/{key}")


REAL = {
    place: part
    for path in real_payloads()
    for place, part in parts_with_blocks(_json(path), f"{path.parts[-3]}/{path.stem}")
}


def as_sent(value: Any) -> Any:
    if isinstance(value, list):
        return [as_sent(one) for one in value]
    if isinstance(value, dict):
        kept = {key: one for key, one in value.items() if key not in ADDED_BY_SLACK}
        return {key: as_sent(one) for key, one in kept.items()}
    return value


@pytest.mark.parametrize("place", REAL)
def test_what_slack_has_really_shown_is_taken(place: str) -> None:
    part = as_sent(REAL[place])

    if part["type"] in SENT_WITH:
        sent = {key: one for key, one in part.items() if key in SENT_WITH[part["type"]]}
        assert check_view({key: one for key, one in sent.items() if one is not None}) == []
    else:
        assert check_message(part["blocks"]) == []


def test_views_and_messages_were_found_among_the_real_payloads() -> None:
    kinds = [part["type"] for part in REAL.values()]

    assert kinds.count("modal") >= 6
    assert kinds.count("home") >= 1
    assert kinds.count("message") >= 8
