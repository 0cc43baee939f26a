"""Loading a manifest: the settings it gives, and the manifests it refuses."""

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

MINIMAL_MANIFEST = "display_information: {name: Errand}"
FULL_MANIFEST = """
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
HTTP_MANIFEST = """
display_information: {name: Errand}
settings:
  interactivity:
    is_enabled: true
    request_url: https://example.com/slack
    message_menu_options_url: https://example.com/options
"""
UNSAFE_MANIFEST = "display_information: {name: !!python/object/apply:os.getcwd []}"


def load_text(folder: Path, text: str) -> Manifest:
    path = folder / "manifest.yml"
    path.write_text(text, encoding="utf-8")
    return load_manifest(path)


def test_manifest_settings_are_read(tmp_path: Path) -> None:
    assert load_text(tmp_path, FULL_MANIFEST) == Manifest(
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


def test_omitted_settings_have_the_defaults_of_a_new_app(tmp_path: Path) -> None:
    manifest = load_text(tmp_path, MINIMAL_MANIFEST)

    assert manifest.bot_name == "Errand"
    assert [manifest.home_tab, manifest.interactivity, manifest.socket_mode] == [False] * 3
    assert manifest.messages_tab
    assert manifest.messages_tab_read_only
    assert not manifest.has_options_load_url


def test_menu_options_can_have_their_own_url(tmp_path: Path) -> None:
    assert load_text(tmp_path, HTTP_MANIFEST).has_options_load_url


def test_manifest_that_slack_refuses_is_not_installed(tmp_path: Path) -> None:
    over_http = FULL_MANIFEST.replace("socket_mode_enabled: true", "socket_mode_enabled: false")

    with pytest.raises(ManifestError, match="Event Subscription requires") as raised:
        load_text(tmp_path, over_http)

    assert [problem.pointer for problem in raised.value.problems] == [
        "/settings/event_subscriptions",
        "/settings/interactivity",
        "/settings/interactivity",
        "/features/slash_commands/0",
    ]


@pytest.mark.parametrize("text", ["", "name: [", "- a list", UNSAFE_MANIFEST])
def test_text_that_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ManifestError) as raised:
        load_text(tmp_path, text)

    assert [problem.pointer for problem in raised.value.problems] == [""]


def test_manifest_of_this_project_is_accepted() -> None:
    manifest = load_manifest(MANIFEST)

    assert [command.command for command in manifest.commands] == ["/ticket"]
