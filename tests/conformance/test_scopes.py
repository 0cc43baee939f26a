"""Our table of scopes and events compared with Slack's method and event reference."""

import json
from typing import Any

import pytest

from sandbox.slack.app_manifest.scopes import KNOWN_BOT_SCOPES, SCOPES_FOR_EVENT
from tests.project import ROOT

REFERENCE = ROOT.parent / "shared" / "slack" / "slack-api-ref"
# Events of the reference that an app cannot subscribe to for its bot.
NOT_FOR_BOTS = {
    "app_deleted": "needs an administrator's scope",
    "app_uninstalled_team": "needs an administrator's scope",
    "invite_requested": "needs an administrator's scope",
    "star_added": "stars:read is a user scope only",
    "star_removed": "stars:read is a user scope only",
    "app_rate_limited": "Slack sends it without a subscription",
    "url_verification": "Slack sends it without a subscription",
    "message": "apps subscribe by kind of conversation: message.im, …",
    "message.app_home": "deprecated in favour of message.im",
}
# The reference spells one scope with a dot; shared/slack/README.md names this defect.
MISSPELT = {"app_mentions.read": "app_mentions:read"}


def _json(name: str) -> Any:
    return json.loads((REFERENCE / name).read_text(encoding="utf-8"))


METHODS = _json("index.json")
EVENTS = {event["name"]: event for event in _json("events.json")}


def test_all_bot_scopes_of_the_reference_are_known() -> None:
    scopes = {scope for method in METHODS.values() for scope in method["scope_bot"] or ()}

    assert scopes <= KNOWN_BOT_SCOPES


def test_events_are_those_of_the_reference() -> None:
    api_events = {name for name, event in EVENTS.items() if "Events" in event["APIs"]}

    assert set(SCOPES_FOR_EVENT) == api_events - set(NOT_FOR_BOTS)


@pytest.mark.parametrize("event", SCOPES_FOR_EVENT)
def test_event_needs_the_scopes_of_the_reference(event: str) -> None:
    scopes = EVENTS[event].get("scopes") or ()

    assert SCOPES_FOR_EVENT[event] == {MISSPELT.get(scope, scope) for scope in scopes}
