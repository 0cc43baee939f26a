"""Skills are found as whole words, by name or alias, and never as patterns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.triage.skills import Skill, Vocabulary
from models.triage.taxonomy import DEFAULT_TAXONOMY

VOCABULARY = Vocabulary(
    [
        Skill(name="go", aliases=("golang",)),
        Skill(name="c++"),
        Skill(name="c"),
        Skill(name="c#"),
        Skill(name=".net"),
        Skill(name="vpn", aliases=("open vpn", "wireguard")),
        Skill(name="wifi", aliases=("wi-fi",)),
        Skill(name="video calls", aliases=("zoom",)),
    ]
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("MongoDB and Django are going slow", ()),
        ("We go live with Golang", ("go",)),
        ("c++ crashes", ("c++",)),
        ("is it C++17?", ("c",)),
        ("C# or C, not c++.", ("c#", "c", "c++")),
        ("Wi-Fi is off; so is my VPN!", ("wifi", "vpn")),
        ("vpn,wifi/zoom", ("vpn", "wifi", "video calls")),
        ("my video\ncalls freeze", ("video calls",)),
        ("the internet is slow", ()),
        ("a .NET app on the net", (".net",)),
        ("Ich brauche VPN-Zugang", ("vpn",)),
        ("", ()),
    ],
)
def test_a_skill_is_found_where_its_words_stand(text: str, found: tuple[str, ...]) -> None:
    assert VOCABULARY.names_in(text) == found


def test_an_alias_and_any_spelling_of_the_name_stand_for_the_skill() -> None:
    assert VOCABULARY.canonical_name("WireGuard") == "vpn"
    assert VOCABULARY.canonical_name("  Open VPN ") == "vpn"
    assert VOCABULARY.canonical_name("(.*)+$") is None
    assert VOCABULARY.canonical_name("") is None


def test_a_name_stands_for_itself_though_another_skill_has_it_as_alias() -> None:
    vocabulary = Vocabulary([Skill(name="a", aliases=("b",)), Skill(name="b")])

    assert vocabulary.canonical_name("b") == "b"


@given(st.text())
def test_no_text_finds_a_skill_that_the_desk_does_not_have(text: str) -> None:
    assert set(VOCABULARY.names_in(text)) <= set(VOCABULARY.names)


@given(st.sampled_from(DEFAULT_TAXONOMY.vocabulary.names), st.text(alphabet=" \n.,;:!?()"))
def test_every_name_is_found_between_punctuation(name: str, around: str) -> None:
    assert name in DEFAULT_TAXONOMY.vocabulary.names_in(f"{around} {name} {around}")


@pytest.mark.fault("F87")
def test_a_long_text_costs_no_more_than_its_length() -> None:
    assert VOCABULARY.names_in("go " * 20_000) == ("go",)


def test_a_search_begins_with_what_begins_so_and_knows_other_words() -> None:
    assert VOCABULARY.search("c", limit=9)[:4] == ("c", "c#", "c++", "video calls")
    assert VOCABULARY.search(" WIRE", limit=9) == ("vpn",)
    assert VOCABULARY.search("zzz", limit=9) == ()
    assert len(VOCABULARY.search("", limit=3)) == 3


def test_a_name_that_the_desk_had_before_is_the_one_it_has_now() -> None:
    assert VOCABULARY.current_names(("golang", "go", "gone")) == ("go", "gone")
