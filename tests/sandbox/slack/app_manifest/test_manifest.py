"""What the workspace reads from a manifest, and which it does not install."""

from pathlib import Path

import pytest

from sandbox.slack.app_manifest.manifest import (
    Manifest,
    ManifestError,
    Shortcut,
    SlashCommand,
    load_manifest,
)
from tests.project import MANIFEST

LEAST = "display_information: {name: Errand}"
WHOLE = """
display_information:
  name: Errand
features:
  app_home:
    home_tab_enabled: true
    messages_tab_read_only_enabled: false
  bot_user:
    display_name: Errand bot
  shortcuts:
    - {name: New, type: global, callback_id: new_errand, description: Opens the form}
  slash_commands:
    - {command: /errand, description: Fetch something, usage_hint: what}
oauth_config:
  scopes:
    bot: [commands, im:history]
settings:
  event_subscriptions:
    bot_events: [app_home_opened, message.im]
  interactivity:
    is_enabled: true
  socket_mode_enabled: true
"""
HTTP = """
display_information: {name: Errand}
settings:
  interactivity:
    is_enabled: true
    request_url: https://example.com/slack
    message_menu_options_url: https://example.com/options
"""
UNSAFE = "display_information: {name: !!python/object/apply:os.getcwd []}"


def loaded(folder: Path, text: str) -> Manifest:
    path = folder / "manifest.yml"
    path.write_text(text, encoding="utf-8")
    return load_manifest(path)


def test_the_workspace_reads_what_it_needs(tmp_path: Path) -> None:
    assert loaded(tmp_path, WHOLE) == Manifest(
        name="Errand",
        bot_name="Errand bot",
        bot_scopes=frozenset({"commands", "im:history"}),
        commands=(
            SlashCommand(
                command="/errand",
                description="Fetch something",
                usage_hint="what",
                should_escape=False,
            ),
        ),
        shortcuts=(
            Shortcut(
                name="New", type="global", callback_id="new_errand", description="Opens the form"
            ),
        ),
        bot_events=frozenset({"app_home_opened", "message.im"}),
        interactivity=True,
        socket_mode=True,
        home_tab=True,
        messages_tab=True,
        messages_tab_read_only=False,
        has_options_load_url=True,
    )


def test_what_is_not_mentioned_is_as_in_a_new_app(tmp_path: Path) -> None:
    manifest = loaded(tmp_path, LEAST)

    assert manifest.bot_name == "Errand"
    assert [manifest.home_tab, manifest.interactivity, manifest.socket_mode] == [False] * 3
    assert manifest.messages_tab
    assert manifest.messages_tab_read_only
    assert not manifest.has_options_load_url


def test_options_may_have_a_url_of_their_own(tmp_path: Path) -> None:
    assert loaded(tmp_path, HTTP).has_options_load_url


def test_what_slack_refuses_is_not_installed(tmp_path: Path) -> None:
    over_http = WHOLE.replace("socket_mode_enabled: true", "socket_mode_enabled: false")

    with pytest.raises(ManifestError, match="Event Subscription requires") as refusal:
        loaded(tmp_path, over_http)

    assert [problem.pointer for problem in refusal.value.problems] == [
        "/settings/event_subscriptions",
        "/settings/interactivity",
        "/settings/interactivity",
        "/features/slash_commands/0",
    ]


@pytest.mark.parametrize("text", ["", "name: [", "- a list", UNSAFE])
def test_what_is_no_manifest_at_all_is_not_installed(tmp_path: Path, text: str) -> None:
    with pytest.raises(ManifestError) as refusal:
        loaded(tmp_path, text)

    assert [problem.pointer for problem in refusal.value.problems] == [""]


def test_the_manifest_of_this_project_is_taken() -> None:
    manifest = load_manifest(MANIFEST)

    assert [command.command for command in manifest.commands] == ["/ticket"]
