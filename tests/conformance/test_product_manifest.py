"""manifest.yml compared with Slack's own schema and method reference."""

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


def test_manifest_is_valid_for_slack() -> None:
    schema = _json("manifest-schema/schemas/manifest.schema.1.0.0.json")

    jsonschema.Draft7Validator(schema).validate(MANIFEST)


def test_unknown_property_is_invalid_for_slack() -> None:
    schema = _json("manifest-schema/schemas/manifest.schema.1.0.0.json")

    with pytest.raises(jsonschema.ValidationError, match="tea_time"):
        jsonschema.Draft7Validator(schema).validate({**MANIFEST, "tea_time": True})


def test_all_scopes_exist_in_slack() -> None:
    reference = _json("slack-api-ref/index.json").values()
    slack_scopes = {scope for method in reference for scope in method["scope_bot"] or []}

    assert slack_scopes >= SCOPES - {"commands"}


@pytest.mark.parametrize("method", sorted(called_methods()))
def test_scopes_allow_the_called_method(method: str) -> None:
    # Any one of these scopes is enough.
    sufficient = set(_json(f"slack-api-ref/methods/{method}.json")["scope"].get("bot", []))

    assert not sufficient or sufficient & SCOPES
