"""Patterns that admins write: what they find, and that none of them holds anybody up."""

import time

import pytest

from models.triage.safe_regex import MAX_PATTERN_LENGTH, compile_pattern
from models.triage.skills import Skill, Vocabulary


def test_a_pattern_finds_what_words_can_not_say() -> None:
    skills = Vocabulary(
        [Skill(name="change desk", patterns=(r"\bchg-?\d{4,}\b",)), Skill(name="go")]
    )

    assert skills.names_in("CHG0012345 has let me down") == ("change desk",)
    assert skills.names_in("chg-12 goes on") == ()


@pytest.mark.parametrize(
    "pattern", ["(", "(?=a)", r"(a)\1", "a{1,1001}", "x" * (MAX_PATTERN_LENGTH + 1)]
)
def test_what_is_no_pattern_is_said_and_fits_nothing(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        compile_pattern(pattern)
    assert not Skill(name="odd", patterns=(pattern,)).matches("xxx(aa")


@pytest.mark.fault("F87")
@pytest.mark.parametrize("pattern", ["(a|aa)+$", "(a+)+$", "(.*a){9}$", "((a?){9}){9}a{9}$"])
def test_a_hostile_pattern_takes_time_in_proportion_to_the_text(pattern: str) -> None:
    def seconds(length: int) -> float:
        began = time.perf_counter()
        compile_pattern(pattern).search("a" * length + "!")
        return time.perf_counter() - began

    seconds(1)
    least = min(seconds(1_000) for _ in range(5))
    assert min(seconds(8_000) for _ in range(5)) < 40 * (least + 0.0001)
