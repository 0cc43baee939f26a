"""The skill form: contents, submitted values and errors."""

from typing import Any

import pytest

from bot.admin.taxonomy import skills_form
from models.errors import InvalidInput
from models.triage.skills import Skill
from models.triage.taxonomy import DEFAULT_TAXONOMY
from tests.bot.form_values import with_values

VPN = DEFAULT_TAXONOMY.get_skill("vpn")


def errors_of(skill: Skill | None, /, **values: Any) -> dict[str, str]:
    """The errors by field of a form that is refused."""
    form = with_values(skills_form.render(skill), **values)
    with pytest.raises(InvalidInput) as error:
        skills_form.read(form, DEFAULT_TAXONOMY)
    return error.value.fields


def test_new_skill_is_read_with_its_synonyms() -> None:
    form = with_values(
        skills_form.render(), name=" Cisco  ISE", aliases="ise, network access,, ise"
    )

    skill_input = skills_form.read(form, DEFAULT_TAXONOMY)

    new = Skill(name="Cisco ISE", aliases=("ise", "network access"))
    assert skill_input == skills_form.SkillInput(current_name=None, skill=new, merge_into=None)


def test_changed_fields_of_a_skill_are_read() -> None:
    form = skills_form.render(VPN)

    unchanged = skills_form.read(with_values(form), DEFAULT_TAXONOMY)
    renamed = skills_form.read(with_values(form, name="tunnel"), DEFAULT_TAXONOMY)
    patterned = skills_form.read(
        with_values(form, patterns=" vpn-\\d+ \n\nvpn-\\d+"), DEFAULT_TAXONOMY
    )
    merged = skills_form.read(with_values(form, into="network"), DEFAULT_TAXONOMY)

    assert unchanged == skills_form.SkillInput(current_name="vpn", skill=VPN, merge_into=None)
    assert renamed.skill == Skill(name="tunnel", aliases=VPN.aliases)
    assert patterned.skill == VPN.model_copy(update={"patterns": (r"vpn-\d+",)})
    assert (merged.current_name, merged.merge_into) == ("vpn", "network")


def test_each_invalid_field_has_its_error() -> None:
    assert "a name for the new skill" in errors_of(None)["name:"]
    assert "needs a name" in errors_of(VPN, name=None)["name:vpn"]
    assert "a synonym of okta" in errors_of(VPN, name="SSO")["name:vpn"]
    assert "a synonym of okta" in errors_of(VPN, aliases="tunnel, sso")["aliases:vpn"]
    assert "letter or digit" in errors_of(None, name="(*)")["name:"]
    assert "at most 50" in errors_of(None, name="x" * 51)["name:"]
    assert "into itself" in errors_of(VPN, into="vpn")["into:vpn"]
    assert "does not exist any more" in errors_of(VPN, into="gone")["into:vpn"]
    assert "not both at once" in errors_of(VPN, name="tunnel", into="okta")["into:vpn"]
    assert "is not a regular expression" in errors_of(VPN, patterns="(")["patterns:vpn"]
    assert "every text" in errors_of(VPN, patterns=".*")["patterns:vpn"]
    assert "At most 5" in errors_of(VPN, patterns="\n".join("abcdef"))["patterns:vpn"]
    gone = Skill(name="gone")
    assert "does not exist any more" in errors_of(gone)["skill:gone"]
    assert "not ready yet" in errors_of(VPN, skill="okta")["skill:vpn"]


def test_menu_offers_at_most_100_skills() -> None:
    taxonomy = DEFAULT_TAXONOMY.with_skills(*(f"skill {number}" for number in range(300)))

    assert len(skills_form.skill_options(taxonomy, "")) == 100
    assert [option["value"] for option in skills_form.skill_options(taxonomy, "skill 299")] == [
        "skill 299"
    ]


def test_remove_button_says_how_many_lose_the_skill() -> None:
    def consequence(people: int, tickets: int) -> str:
        removal = skills_form.render(VPN, people=people, tickets=tickets)["blocks"][-1]
        return str(removal["elements"][0]["confirm"]["text"]["text"])

    assert consequence(2, 1).startswith("2 people have this skill, and 1 open ticket needs it.")
    assert consequence(1, 0).startswith("1 person has this skill, and no open tickets need it.")
    assert consequence(0, 0) == "Nobody has this skill, and no open ticket needs it."
    assert consequence(0, 2).startswith("No people have this skill, and 2 open tickets need it.")
