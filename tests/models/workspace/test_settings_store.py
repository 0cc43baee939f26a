"""Settings of a workspace: taken over once from earlier releases, and changed field by field."""

import logging
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from models.people.member import Member, Role
from models.triage.result import Priority
from models.workspace.settings_store import SettingsStore
from models.workspace.workspace_settings import WorkspaceSettings
from sandbox.services.database_servers import DatabaseServers
from tests.service_factory import run_services

PROMPT = "Categories: $categories\n$examples\n$fence"


async def test_the_environment_is_taken_over_once(
    servers: DatabaseServers, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    prompt_file = tmp_path / "next.md"
    prompt_file.write_text(PROMPT, encoding="utf-8")
    environment = {
        "floor_words": "production is down=urgent",
        "floor_groups": "S1=high",
        "allowed_link_hosts": "wiki.acme.example",
        "gemini_shadow_prompt": str(prompt_file),
    }
    caplog.set_level(logging.INFO)
    async with run_services(servers, **environment) as services:
        settings = await services.workspace_settings.load("T1")
        await services.workspace_settings.update("T1", {"floor_words": [["payroll", "high"]]})
        await services.prepare("T1")
        changed = await services.workspace_settings.load("T1")

    assert settings == WorkspaceSettings(
        floor_words=(("production is down", Priority.URGENT),),
        floor_groups=(("S1", Priority.HIGH),),
        allowed_link_hosts=("wiki.acme.example",),
        shadow_prompt=PROMPT,
    )
    assert changed.floor_words == (("payroll", Priority.HIGH),)
    for variable in ("FLOOR_WORDS", "FLOOR_GROUPS", "ALLOWED_LINK_HOSTS", "GEMINI_SHADOW_PROMPT"):
        assert caplog.text.count(f"{variable} was taken over") == 1


@pytest.mark.parametrize("content", [None, b"Answer in English.", b"$fence \xff"])
async def test_a_prompt_that_cannot_be_used_is_left_out_and_named(
    servers: DatabaseServers,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    content: bytes | None,
) -> None:
    prompt_file = tmp_path / "next.md"
    if content is not None:
        prompt_file.write_bytes(content)
    environment = {"gemini_shadow_prompt": str(prompt_file), "floor_groups": "S1=high"}
    async with run_services(servers, **environment) as services:
        settings = await services.workspace_settings.load("T1")
        await services.prepare("T1")

    assert settings == WorkspaceSettings(floor_groups=(("S1", Priority.HIGH),))
    assert caplog.text.count("GEMINI_SHADOW_PROMPT was not taken over") == 1


async def test_a_late_bot_overwrites_no_change_of_an_admin(servers: DatabaseServers) -> None:
    async with run_services(servers) as services:
        with MongoClient[dict[str, Any]](servers.mongodb_uri) as other_bot:
            settings = other_bot[services.settings.mongodb_database].workspace_settings

            def read_environment() -> dict[str, Any]:
                """Meanwhile another bot takes the same value over, and an admin changes it."""
                settings.insert_one({"_id": "T2", "allowed_link_hosts": [], "taken_over": True})
                return {"allowed_link_hosts": ("wiki.acme.example",)}

            await services.workspace_settings.take_over("T2", read_environment)

        assert (await services.workspace_settings.load("T2")).allowed_link_hosts == ()


async def test_a_change_back_right_after_another_process_is_saved(
    servers: DatabaseServers,
) -> None:
    async with run_services(servers) as services:
        admin = Member(team_id="T1", slack_id="UGRACE", role=Role.ADMIN)
        assert (await services.workspace_settings.load("T1")).guests
        await SettingsStore(services.database).update("T1", {"guests": False})

        await services.settings_admin.save(admin, {"guests": True})

        assert (await SettingsStore(services.database).load("T1")).guests
        [entry] = await services.audit_log.entries("T1")
        assert (entry.before, entry.after) == ({"guests": False}, {"guests": True})


async def test_the_guest_policy_of_an_earlier_release_is_taken_over(
    servers: DatabaseServers,
) -> None:
    async with run_services(servers) as services:
        welcome = {"guests": False, "strangers": True, "moderators": "S1"}
        await services.database.configurations.insert_one({"_id": "T2", "welcome": welcome})

        await services.workspace_settings.take_over("T2", dict)

        assert await services.workspace_settings.load("T2") == WorkspaceSettings(
            guests=False, strangers=True, moderators="S1"
        )


async def test_a_damaged_guest_policy_denies_guests(servers: DatabaseServers) -> None:
    async with run_services(servers) as services:
        await services.database.configurations.insert_one({"_id": "T2", "welcome": "?"})

        await services.workspace_settings.take_over("T2", dict)

        assert not (await services.workspace_settings.load("T2")).guests
