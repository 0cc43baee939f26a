"""manifest.yml held against Slack's own schema and method reference."""

import json
from typing import Any

import jsonschema
import pytest

from tests.project import ROOT
from tests.rules.slack_calls import MANIFEST, called_methods

SLACK = ROOT.parent / "shared" / "slack"
SCOPES = set(MANIFEST["oauth_config"]["scopes"]["bot"])


def _json(path: str) -> Any:
    return json.loads((SLACK / path).read_text(encoding="utf-8"))


def test_slack_takes_the_manifest() -> None:
    schema = _json("manifest-schema/schemas/manifest.schema.1.0.0.json")

    jsonschema.Draft7Validator(schema).validate(MANIFEST)


def test_slack_would_not_take_a_manifest_with_a_word_of_our_own() -> None:
    schema = _json("manifest-schema/schemas/manifest.schema.1.0.0.json")

    with pytest.raises(jsonschema.ValidationError, match="tea_time"):
        jsonschema.Draft7Validator(schema).validate({**MANIFEST, "tea_time": True})


def test_slack_knows_every_scope() -> None:
    reference = _json("slack-api-ref/index.json").values()
    known = {scope for method in reference for scope in method["scope_bot"] or []}

    assert known >= SCOPES - {"commands"}


@pytest.mark.parametrize("method", sorted(called_methods()))
def test_slack_lets_the_bot_call_it_with_these_scopes(method: str) -> None:
    # Any one of them is enough.
    sufficient = set(_json(f"slack-api-ref/methods/{method}.json")["scope"].get("bot", []))

    assert not sufficient or sufficient & SCOPES
