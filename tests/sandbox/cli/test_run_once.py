"""`python -m sandbox --once`: a transcript of one ticket, and a reliable exit code."""

import asyncio
import io
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest

from sandbox.cli.run_once import run_story
from sandbox.services.database_servers import DatabaseServers
from sandbox.world.world import World
from tests.project import ROOT


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """Exit code and output of a run."""

    code: int | None
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class FinishedRuns:
    """Three runs, which ran at the same time."""

    good: FinishedRun
    refused: FinishedRun
    broken: FinishedRun


@pytest.fixture(scope="module")
async def runs() -> FinishedRuns:
    """A good run, a run whose text the form refuses, and a run without a bot."""
    good, refused, broken = await asyncio.gather(
        _run("Outlook keeps asking for my password"), _run("🔥"), _run_without_bot("wifi is slow")
    )
    return FinishedRuns(good=good, refused=refused, broken=broken)


async def _run(text: str) -> FinishedRun:
    pipe = asyncio.subprocess.PIPE
    argv = ["-m", "sandbox", "--once", text]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *argv, cwd=ROOT, stdout=pipe, stderr=pipe
    )
    out, err = await process.communicate()
    return FinishedRun(code=process.returncode, out=out.decode(), err=err.decode())


async def _run_without_bot(text: str) -> FinishedRun:
    out, err = io.StringIO(), io.StringIO()
    async with DatabaseServers() as servers, World(servers=servers) as world:
        await world.bot.kill()
        with redirect_stdout(out), redirect_stderr(err):
            code = await run_story(world, text)
    return FinishedRun(code=code, out=out.getvalue(), err=err.getvalue())


def test_a_complete_run_exits_with_zero(runs: FinishedRuns) -> None:
    assert runs.good.code == 0, runs.good.err
    assert runs.good.out.endswith("Every step happened.\n")


def test_the_transcript_has_every_step_in_order(runs: FinishedRuns) -> None:
    steps = [
        "/ticket Outlook keeps asking for my password",
        "Title: Outlook keeps asking for my password",
        "[Submit]  [Cancel]",
        "Your ticket T-1 is open.",
        "_id           T-1",
        "engine      gemini",
        "skills      password, outlook",
        "Frontdesk offers the ticket to Eve Holt:",
        "Why: knows password, outlook; no open tickets",
        "Eve Holt gets ",
        "Eve Holt presses Claim.",
        "[Resolve]  [Resolve with a note]  [Release]",
        "@Eve Holt is working on it",
        "Eve Holt presses Resolve.",
        "Did this solve it?",
        "claimed by Eve Holt",
        "resolved by Eve Holt",
    ]

    positions = [runs.good.out.find(step) for step in steps]

    assert -1 not in positions, steps[positions.index(-1)]
    assert positions == sorted(positions)


def test_the_transcript_shows_card_and_email(runs: FinishedRuns) -> None:
    for line in (
        "Eve Holt gets a direct message from Frontdesk:",
        "│ @Ada Lovelace · opened ",
        "│ [Claim]  [Decline]",
        "Eve Holt gets an e-mail:",
        "│ To: Eve Holt <eve@acme.example>",
        "│ Subject: T-1: Outlook keeps asking for my password",
        "│ Requester: Ada Lovelace",
    ):
        assert line in runs.good.out


def test_each_step_has_its_time(runs: FinishedRuns) -> None:
    steps = [line for line in runs.good.out.splitlines() if line.endswith(":") and "│" not in line]
    untimed = [line for line in steps[1:] if not re.match(r" *[0-9.]+ m?s  ", line)]

    assert len(steps) > 10
    assert untimed == []


def test_stdout_has_only_the_transcript(runs: FinishedRuns) -> None:
    assert runs.good.err == "Starting Frontdesk …\n"
    assert " INFO " not in runs.good.out


def test_a_refused_text_is_shown_with_the_reason(runs: FinishedRuns) -> None:
    assert runs.refused.code == 1
    assert "│ Title: 🔥\n          │   ! Please say in a few words" in runs.refused.out
    assert "Every step happened." not in runs.refused.out
    assert "there is no ticket. Title: Please say in a few words what it is about." in (
        runs.refused.err
    )
    assert "log" not in runs.refused.err


def test_a_run_without_a_bot_prints_the_ends_of_the_logs(runs: FinishedRuns) -> None:
    assert runs.broken.code == 1
    assert "Not every step happened: " in runs.broken.err
    assert "dispatch_failed" in runs.broken.err
    assert "The end of bot's log:\n" in runs.broken.err
    assert '"message": "ready for Acme' in runs.broken.err
    assert "The end of worker's log:\n" in runs.broken.err
    assert '"message": "ready for work' in runs.broken.err
    assert "Every step happened." not in runs.broken.out
