"""The form for the desk's skills: what is shown, what is read, what is refused."""

from typing import Any

import pytest

from bot.admin.taxonomy import skills_form
from models.errors import InvalidInput
from models.triage.skills import Skill
from models.triage.taxonomy import DEFAULT_TAXONOMY
from tests.bot.form_values import with_values

VPN = DEFAULT_TAXONOMY.get_skill("vpn")


def refused(shown: Skill | None, **typed: Any) -> dict[str, str]:
    """The sentences under the fields of a form that is refused."""
    with pytest.raises(InvalidInput) as error:
        skills_form.read(with_values(skills_form.render(shown), **typed), DEFAULT_TAXONOMY)
    return error.value.fields


def test_a_new_skill_is_read_with_its_other_words() -> None:
    form = with_values(
        skills_form.render(), name=" Cisco  ISE", aliases="ise, network access,, ise"
    )

    wanted = skills_form.read(form, DEFAULT_TAXONOMY)

    new = Skill(name="Cisco ISE", aliases=("ise", "network access"))
    assert wanted == skills_form.SkillInput(current_name=None, skill=new, merge_into=None)


def test_a_skill_is_shown_as_it_is_and_read_as_it_was_changed() -> None:
    form = skills_form.render(VPN)

    as_shown = skills_form.read(with_values(form), DEFAULT_TAXONOMY)
    renamed = skills_form.read(with_values(form, name="tunnel"), DEFAULT_TAXONOMY)
    patterned = skills_form.read(
        with_values(form, patterns=" vpn-\\d+ \n\nvpn-\\d+"), DEFAULT_TAXONOMY
    )
    merged = skills_form.read(with_values(form, into="network"), DEFAULT_TAXONOMY)

    assert as_shown == skills_form.SkillInput(current_name="vpn", skill=VPN, merge_into=None)
    assert renamed.skill == Skill(name="tunnel", aliases=VPN.aliases)
    assert patterned.skill == VPN.model_copy(update={"patterns": (r"vpn-\d+",)})
    assert (merged.current_name, merged.merge_into) == ("vpn", "network")


def test_what_is_not_right_is_said_at_its_field() -> None:
    assert "give the new skill a name" in refused(None)["name:"]
    assert "needs a name" in refused(VPN, name=None)["name:vpn"]
    assert "another word for okta" in refused(VPN, name="SSO")["name:vpn"]
    assert "another word for okta" in refused(VPN, aliases="tunnel, sso")["aliases:vpn"]
    assert "letter or digit" in refused(None, name="(*)")["name:"]
    assert "at most 50" in refused(None, name="x" * 51)["name:"]
    assert "into itself" in refused(VPN, into="vpn")["into:vpn"]
    assert "does not have it" in refused(VPN, into="gone")["into:vpn"]
    assert "one thing at a time" in refused(VPN, name="tunnel", into="okta")["into:vpn"]
    assert "is no pattern" in refused(VPN, patterns="(")["patterns:vpn"]
    assert "any text" in refused(VPN, patterns=".*")["patterns:vpn"]
    assert "At most 5" in refused(VPN, patterns="\n".join("abcdef"))["patterns:vpn"]
    gone = Skill(name="gone")
    assert "does not have it any more" in refused(gone)["skill:gone"]
    assert "not ready yet" in refused(VPN, skill="okta")["skill:vpn"]


def test_a_hundred_are_offered_at_most() -> None:
    many = DEFAULT_TAXONOMY.with_skills(*(f"skill {number}" for number in range(300)))

    assert len(skills_form.skill_options(many, "")) == 100
    assert [one["value"] for one in skills_form.skill_options(many, "skill 299")] == ["skill 299"]
