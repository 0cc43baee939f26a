"""`frontdesk eval` asks Gemini in the same way as triage does."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from jobs.evaluation.cli import run_cli
from models.clock import utc_now
from models.services import Services, open_connections
from models.settings import read_settings
from models.triage.result import Priority
from models.triage.taxonomy import DEFAULT_TAXONOMY
from models.triage.training_example import TrainingExample
from sandbox.services.database_servers import DatabaseServers
from sandbox.services.gemini import GeminiStandIn
from tests.sample_tickets import make_triage

SECRET = "ada@example.org"
ROWS = [
    *((f"the vpn drops, number {at}", "Network") for at in range(10)),
    *((f"the printer eats paper, number {at}", "Printing") for at in range(10)),
    (f"the vpn wrote to {SECRET}", "Network"),
]
PRIVATE_ROW = ("the vpn drops, number 99", "Printing")


@pytest.fixture(scope="module")
async def gemini_server() -> AsyncIterator[GeminiStandIn]:
    """A stand-in for Gemini."""
    async with GeminiStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def tickets_file(tmp_path: Path) -> Path:
    """A CSV file of tickets with known categories."""
    file = tmp_path / "some.csv"
    lines = ["text,category", *(f'"{text}",{label}' for text, label in ROWS)]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


@pytest.fixture
def settings(
    servers: DatabaseServers, gemini_server: GeminiStandIn, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    """The environment in which the command runs."""
    gemini_server.reset()
    redis_url = servers.new_redis_url()
    for name, value in {
        "SLACK_BOT_TOKEN": "x",
        "SLACK_SIGNING_SECRET": "x",
        "JWT_SECRET": "x" * 32,
        "MONGODB_URI": servers.mongodb_uri,
        "MONGODB_DATABASE": f"eval{redis_url.rpartition('/')[2]}",
        "REDIS_URL": redis_url,
        "GEMINI_API_KEY": gemini_server.api_key,
        "GEMINI_API_ENDPOINT": gemini_server.endpoint,
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


async def run_eval(*arguments: str) -> str:
    """Run the command in a thread, since it starts an event loop; returns its error message."""
    options = ["--engines", "builtin,gemini", "--lessons", "5", "--price", "1000"]

    def run() -> str:
        try:
            run_cli([*arguments, *options])
        except SystemExit as error:
            return str(error)
        return ""

    return await asyncio.to_thread(run)


def rows(printed: str) -> dict[str, list[str]]:
    """The cells of each engine's row in the first table."""
    table = printed.strip().split("\n\n")[0]
    cells: Any = ([cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines())
    return {row[2]: row for row in cells if row[0] == "some"}


async def test_both_engines_are_scored_and_tokens_are_counted(
    tickets_file: Path,
    settings: pytest.MonkeyPatch,
    gemini_server: GeminiStandIn,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gemini_server.respond_with_json(
        {"category": "Network", "priority": "low", "summary": "It drops"}
    )

    assert await run_eval(str(tickets_file)) == ""

    results = rows(capsys.readouterr().out)
    count = len(gemini_server.requests)
    assert count == 16
    assert set(results) == {"builtin", "gemini"}
    # The stand-in counts two tokens for each answer.
    assert results["gemini"][-2:] == [str(2 * count), f"{2 * count * 1000 / 1_000_000:.4f}"]
    assert SECRET not in str(gemini_server.requests)
    assert "[email-1]" in str(gemini_server.requests) or "[email]" in str(gemini_server.requests)


async def test_evaluation_stops_when_the_token_budget_is_exhausted(
    tickets_file: Path, settings: pytest.MonkeyPatch, gemini_server: GeminiStandIn
) -> None:
    settings.setenv("GEMINI_TOKENS_PER_DAY", "10")

    assert "today's tokens for Gemini are used up" in await run_eval(str(tickets_file))
    assert gemini_server.requests == []


async def store_judged_tickets() -> None:
    """Store judged tickets of T1, whose admin has made Printing private since.

    The text of the private one is like the others, so that no engine recognises it.
    """
    rows = [*((f"the vpn drops, number {at}", "Network") for at in range(40)), PRIVATE_ROW]
    printing = DEFAULT_TAXONOMY.find_category("Printing")
    assert printing
    private = printing.model_copy(update={"private": True})
    async with open_connections(
        read_settings(), database_timeout_seconds=5, slack_timeout_seconds=1, interactive=False
    ) as connections:
        services = Services(connections)
        await services.taxonomies.update_taxonomy(
            "T1", lambda taxonomy: taxonomy.with_category("Printing", private)
        )
        for number, (text, category) in enumerate(rows):
            example = TrainingExample(
                ticket_id=f"T-{number}",
                team_id="T1",
                text=text,
                original_triage=make_triage(category=category),
                category=category,
                priority=Priority.NORMAL,
                by="UGRACE",
                at=utc_now(),
            )
            await services.training_store.add(example)


async def test_judged_ticket_of_a_private_category_is_not_sent(
    settings: pytest.MonkeyPatch, gemini_server: GeminiStandIn
) -> None:
    await store_judged_tickets()
    gemini_server.respond_with_json(
        {"category": "Network", "priority": "low", "summary": "It drops"}
    )

    assert await run_eval("--team", "T1") == ""

    assert len(gemini_server.requests) == 40 - 5
    assert PRIVATE_ROW[0] not in str(gemini_server.requests)
