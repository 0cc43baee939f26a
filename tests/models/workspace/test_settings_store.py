"""Settings of a workspace: taken over once from earlier releases, and changed field by field."""

import logging
from pathlib import Path

import pytest

from models.triage.result import Priority
from models.workspace.workspace_settings import WorkspaceSettings
from sandbox.services.database_servers import DatabaseServers
from tests.service_factory import run_service

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
    async with run_service(servers, **environment) as service:
        settings = await service.workspace_settings.load("T1")
        await service.workspace_settings.update("T1", {"floor_words": [["payroll", "high"]]})
        await service.prepare("T1")
        changed = await service.workspace_settings.load("T1")

    assert settings == WorkspaceSettings(
        floor_words=(("production is down", Priority.URGENT),),
        floor_groups=(("S1", Priority.HIGH),),
        allowed_link_hosts=("wiki.acme.example",),
        shadow_prompt=PROMPT,
    )
    assert changed.floor_words == (("payroll", Priority.HIGH),)
    assert caplog.text.count("the setting floor_words was taken over") == 1


async def test_the_guest_policy_of_an_earlier_release_is_taken_over(
    servers: DatabaseServers,
) -> None:
    async with run_service(servers) as service:
        welcome = {"guests": False, "strangers": True, "moderators": "S1"}
        await service.database.configurations.insert_one({"_id": "T2", "welcome": welcome})

        await service.workspace_settings.take_over("T2", {})

        assert await service.workspace_settings.load("T2") == WorkspaceSettings(
            guests=False, strangers=True, moderators="S1"
        )


async def test_a_damaged_guest_policy_denies_guests(servers: DatabaseServers) -> None:
    async with run_service(servers) as service:
        await service.database.configurations.insert_one({"_id": "T2", "welcome": "?"})

        await service.workspace_settings.take_over("T2", {})

        assert not (await service.workspace_settings.load("T2")).guests
