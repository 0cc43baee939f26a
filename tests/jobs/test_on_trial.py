"""A prompt on trial is asked where somebody knows what is right, and is never believed."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from jobs.learn_from_ticket import learn_from_ticket
from jobs.prompt import from_file, in_use
from jobs.retrying import Tools
from jobs.triage_ticket import triage_ticket
from models.accuracy import measure
from models.correction import Correction, correcting
from models.desk import Desk
from models.member import Member, Role
from models.step import Step
from models.ticket import Draft, Ticket
from models.triage import Engine
from sandbox.gemini import GeminiStandIn
from sandbox.servers import Servers
from tests.desks import desk_on, do_step, gemini_beside

ANSWER: dict[str, Any] = {
    "category": "Network",
    "priority": "normal",
    "skills": ["vpn"],
    "summary": "VPN drops",
    "notes": "",
    "confidence": 0.9,
}
BOB = Member(team_id="T1", slack_id="UBOB", role=Role.ADMIN, trusted=True)


@pytest.fixture(scope="module")
async def google() -> AsyncIterator[GeminiStandIn]:
    """Google's servers."""
    async with GeminiStandIn() as google:
        yield google


@pytest.fixture
async def on_trial(tmp_path: Path) -> Path:
    """The file of a prompt on trial."""
    file = tmp_path / "triage-next.md"
    file.write_text(f"ON TRIAL {in_use().template.template}", encoding="utf-8")
    return file


@pytest.fixture
async def desk(servers: Servers, on_trial: Path) -> AsyncIterator[Desk]:
    """A desk with a prompt on trial, whose day has tokens for a few questions."""
    more = {"gemini_shadow_prompt": str(on_trial), "gemini_tokens_per_day": 20_000}
    async with desk_on(servers, **more) as desk:
        yield desk


@pytest.fixture
def tools(desk: Desk, google: GeminiStandIn) -> Iterator[Tools]:
    """The desk and Gemini."""
    with gemini_beside(desk, google) as tools:
        yield tools


def asked_on_trial(google: GeminiStandIn) -> int:
    """How often the prompt on trial was asked."""
    return sum("ON TRIAL" in str(request) for request in google.requests)


async def judged(tools: Tools, google: GeminiStandIn, **more: Any) -> Ticket:
    """A ticket that Gemini took for Network, and a moderator for Access."""
    google.answers(ANSWER)
    draft = Draft(
        **{"key": f"V{uuid4()}", "team_id": "T1", "requester": "UADA", "title": "VPN drops"} | more
    )
    ticket = await tools.desk.open_ticket(draft)
    await do_step(tools, Step.TRIAGE, triage_ticket, ticket.id)
    right = correcting(Correction(category="Access"), by=BOB, seen=None)
    await tools.desk.amend(ticket.id, right)
    google.answers(ANSWER | {"category": "Access"})
    await do_step(tools, Step.LEARN, learn_from_ticket, ticket.id)
    return (await tools.desk.store.ticket(ticket.id))[0]


async def test_it_is_asked_after_the_verdict_and_counted_by_itself(
    tools: Tools, google: GeminiStandIn
) -> None:
    ticket = await judged(tools, google)

    (lesson,) = await tools.desk.lessons.latest("T1", limit=9)
    assert lesson.shadow
    assert (lesson.shadow.prompt, lesson.shadow.category) == ("triage-next", "Access")
    assert ticket.said
    assert (ticket.said.prompt, ticket.said.category) == (in_use().version, "Network")
    engines = measure(await tools.desk.lessons.judged("T1", limit=9)).engines
    counted = {(one.prompt, one.shadow): (one.right, one.overridden) for one in engines}
    assert counted == {(in_use().version, False): (0, 1), ("triage-next", True): (1, 0)}
    kept = await tools.desk.sent.of("T1", ticket.id, limit=9)
    assert {one.prompt for one in kept} == {in_use().version, "triage-next"}


async def test_it_is_asked_once_for_a_ticket(tools: Tools, google: GeminiStandIn) -> None:
    ticket = await judged(tools, google)
    again = correcting(Correction(category="Hardware"), by=BOB, seen=None)
    await tools.desk.amend(ticket.id, again)
    await do_step(tools, Step.LEARN, learn_from_ticket, ticket.id)

    assert asked_on_trial(google) == 1
    (lesson,) = await tools.desk.lessons.latest("T1", limit=9)
    assert lesson.category == "Hardware"
    assert lesson.shadow


async def test_what_is_confidential_is_not_sent_to_it_either(
    tools: Tools, google: GeminiStandIn
) -> None:
    await judged(tools, google, confidential=True)

    assert google.requests == []


async def test_it_leaves_half_of_the_day_s_tokens_to_tickets(
    tools: Tools, google: GeminiStandIn
) -> None:
    await tools.desk.gate.spending.put_aside("T1", 9_000, per_day=20_000)

    ticket = await judged(tools, google)

    assert ticket.said
    assert ticket.said.engine is Engine.GEMINI
    assert asked_on_trial(google) == 0
    (lesson,) = await tools.desk.lessons.latest("T1", limit=9)
    assert lesson.shadow is None


async def test_a_lesson_is_learnt_when_it_does_not_answer(
    tools: Tools, google: GeminiStandIn
) -> None:
    ticket = await judged(tools, google)
    google.fails(503)
    other = await judged(tools, google, title="VPN drops again")

    assert {one.ticket_id for one in await tools.desk.lessons.latest("T1", limit=9)} == {
        ticket.id,
        other.id,
    }


def test_a_prompt_that_does_not_fence_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bare.md"
    file.write_text("Categories: $categories $examples", encoding="utf-8")

    with pytest.raises(ValueError, match="does not say \\$fence"):
        from_file(file)
