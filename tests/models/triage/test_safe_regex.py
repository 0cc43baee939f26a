"""Regular expressions of admins find skills, and take linear time."""

import time

import pytest

from models.triage.safe_regex import MAX_PATTERN_LENGTH, compile_pattern
from models.triage.skills import Skill, Vocabulary


def test_pattern_finds_a_skill() -> None:
    skills = Vocabulary(
        [Skill(name="change desk", patterns=(r"\bchg-?\d{4,}\b",)), Skill(name="go")]
    )

    assert skills.names_in("CHG0012345 has let me down") == ("change desk",)
    assert skills.names_in("chg-12 goes on") == ()


@pytest.mark.parametrize(
    "pattern", ["(", "(?=a)", r"(a)\1", "a{1,1001}", "x" * (MAX_PATTERN_LENGTH + 1)]
)
def test_invalid_pattern_is_refused_and_never_matches(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        compile_pattern(pattern)
    assert not Skill(name="odd", patterns=(pattern,)).matches("xxx(aa")


@pytest.mark.fault("F87")
@pytest.mark.parametrize("pattern", ["(a|aa)+$", "(a+)+$", "(.*a){9}$", "((a?){9}){9}a{9}$"])
def test_hostile_pattern_takes_linear_time(pattern: str) -> None:
    def seconds(length: int) -> float:
        started_at = time.perf_counter()
        compile_pattern(pattern).search("a" * length + "!")
        return time.perf_counter() - started_at

    seconds(1)
    short = min(seconds(1_000) for _ in range(5))
    assert min(seconds(8_000) for _ in range(5)) < 40 * (short + 0.0001)
