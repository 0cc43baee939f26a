"""Lessons are found from the newest on, however long ago they were learnt."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from models.clock import now
from models.desk import Desk
from models.lesson import Lesson
from models.triage import Priority
from sandbox.servers import Servers
from tests.desks import desk_on
from tests.models.desk_words import triage

DAYS_AGO = (0, 3, 3000, 20, 600, 100)


@pytest.fixture
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    """A desk that has learnt something now and then."""
    async with desk_on(servers) as desk:
        for days in DAYS_AGO:
            await desk.lessons.learn(lesson(days))
        await desk.lessons.learn(lesson(1, team_id="T2"))
        yield desk


def lesson(days: int, team_id: str = "T1") -> Lesson:
    """One of so many days ago."""
    return Lesson(
        ticket_id=f"{team_id}-{days}",
        team_id=team_id,
        text="VPN drops",
        said=triage(),
        category="Network",
        priority=Priority.NORMAL,
        by="UBOB",
        at=now() - timedelta(days=days),
    )


@pytest.mark.parametrize("limit", [1, 3, 9])
async def test_the_newest_come_first_and_the_oldest_are_not_forgotten(
    desk: Desk, limit: int
) -> None:
    latest = await desk.lessons.latest("T1", limit=limit)

    assert [one.ticket_id for one in latest] == [f"T1-{days}" for days in sorted(DAYS_AGO)][:limit]
    assert len(await desk.lessons.judged("T1", limit=limit)) == min(limit, len(DAYS_AGO))


async def test_every_lesson_makes_another_version_of_its_workspace_alone(desk: Desk) -> None:
    before, elsewhere = [await desk.lessons.version(team_id) for team_id in ("T1", "T2")]

    await desk.lessons.learn(lesson(3))

    assert await desk.lessons.version("T1") != before
    assert await desk.lessons.version("T2") == elsewhere
    assert not await desk.lessons.version("T3")
