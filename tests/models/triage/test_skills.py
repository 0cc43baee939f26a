"""Skills are found as whole words, by name or alias; a name is never a regular expression."""

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
    ("text", "skills"),
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
def test_skills_are_found_as_whole_words(text: str, skills: tuple[str, ...]) -> None:
    assert VOCABULARY.names_in(text) == skills


def test_canonical_name_accepts_aliases_in_upper_or_lower_case() -> None:
    assert VOCABULARY.canonical_name("WireGuard") == "vpn"
    assert VOCABULARY.canonical_name("  Open VPN ") == "vpn"
    assert VOCABULARY.canonical_name("(.*)+$") is None
    assert VOCABULARY.canonical_name("") is None


def test_name_wins_over_an_alias_of_another_skill() -> None:
    vocabulary = Vocabulary([Skill(name="a", aliases=("b",)), Skill(name="b")])

    assert vocabulary.canonical_name("b") == "b"


@given(st.text())
def test_any_text_yields_only_known_skills(text: str) -> None:
    assert set(VOCABULARY.names_in(text)) <= set(VOCABULARY.names)


@given(st.sampled_from(DEFAULT_TAXONOMY.vocabulary.names), st.text(alphabet=" \n.,;:!?()"))
def test_each_name_is_found_between_punctuation(name: str, punctuation: str) -> None:
    text = f"{punctuation} {name} {punctuation}"

    assert name in DEFAULT_TAXONOMY.vocabulary.names_in(text)


@pytest.mark.fault("F87")
def test_long_text_is_searched_in_linear_time() -> None:
    assert VOCABULARY.names_in("go " * 20_000) == ("go",)


def test_search_lists_prefix_matches_first_and_knows_aliases() -> None:
    assert VOCABULARY.search("c", limit=9)[:4] == ("c", "c#", "c++", "video calls")
    assert VOCABULARY.search(" WIRE", limit=9) == ("vpn",)
    assert VOCABULARY.search("zzz", limit=9) == ()
    assert len(VOCABULARY.search("", limit=3)) == 3


def test_current_names_replaces_aliases_by_names() -> None:
    assert VOCABULARY.current_names(("golang", "go", "gone")) == ("go", "gone")
