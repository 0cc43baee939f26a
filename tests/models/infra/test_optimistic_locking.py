"""Optimistic locking: a write that came too late is repeated, and refused after many attempts."""

from itertools import count

import pytest

from models.errors import Conflict
from models.infra.optimistic_locking import repeat_until_written


async def test_change_is_decided_again_until_it_is_written() -> None:
    numbers = count(1)

    async def write_third_time() -> str | None:
        return "written" if next(numbers) == 3 else None

    assert await repeat_until_written(write_third_time, conflict_text="busy") == "written"
    assert next(numbers) == 4


async def test_writer_that_is_always_too_late_gets_the_conflict() -> None:
    async def write_too_late() -> None:
        return None

    with pytest.raises(Conflict, match=r"^busy$"):
        await repeat_until_written(write_too_late, conflict_text="busy")
