"""The form for a person's role and skills: what is shown, what is read, what is refused."""

from typing import Any

import pytest

from bot.views import member_form
from models.configuration import DEFAULT, Configuration
from models.errors import InvalidDraft
from models.member import Member, Role
from models.skill import Skill

BOB = Member(team_id="T1", slack_id="UBOB", role=Role.MODERATOR, skills=("vpn", "okta", "gone"))


def sent(
    person: str | None = "UBOB",
    role: str = "moderator",
    skills: tuple[str, ...] = (),
    new: str | None = None,
) -> dict[str, Any]:
    """The form as Slack sends it back."""
    options = [{"value": skill} for skill in skills]
    return {
        "state": {
            "values": {
                "person": {"pick_person": {"selected_user": person}},
                "role:UBOB": {"value": {"selected_option": {"value": role}}},
                "skills:UBOB": {"value": {"selected_options": options}},
                "new_skills:UBOB": {"value": {"value": new}},
            }
        }
    }


def refused(**form: Any) -> dict[str, str]:
    """The sentences under the fields of a form that is refused."""
    with pytest.raises(InvalidDraft) as error:
        member_form.read(sent(**form), DEFAULT)
    return error.value.fields


def test_the_form_shows_the_person_as_they_are() -> None:
    inputs = [b for b in member_form.draw(DEFAULT, BOB)["blocks"] if b["type"] == "input"]
    person, role, skills, _, trusted = (block["element"] for block in inputs)

    assert person["initial_user"] == "UBOB"
    assert role["initial_option"]["value"] == "moderator"
    assert [option["value"] for option in skills["initial_options"]] == ["vpn", "okta"]
    assert "initial_options" not in trusted
    known = BOB.model_copy(update={"trusted": True})
    boxes = next(b for b in member_form.draw(DEFAULT, known)["blocks"] if "trusted" in str(b))
    assert boxes["element"]["initial_options"]


def test_role_and_skills_are_read() -> None:
    decided = member_form.read(sent(skills=("vpn", "okta"), new="WireGuard, Cisco  ISE"), DEFAULT)

    assert decided == member_form.Assigned(
        slack_id="UBOB",
        role=Role.MODERATOR,
        skills=("vpn", "okta", "Cisco ISE"),
        new_skills=("Cisco ISE",),
        trusted=False,
    )


def test_a_skill_that_the_desk_does_not_have_any_more_is_not_given() -> None:
    assert member_form.read(sent(skills=("vpn", "gone")), DEFAULT).skills == ("vpn",)


@pytest.mark.fault("F87")
def test_what_is_not_right_is_said_at_its_field() -> None:
    assert refused(person=None) == {"person": "Please pick a person."}
    assert refused(role="emperor") == {"role:UBOB": "Please choose a role."}
    assert "at most 50" in refused(new="x" * 51)["new_skills:UBOB"]
    assert "letter or digit" in refused(new="(*)")["new_skills:UBOB"]


def test_the_list_of_skills_has_an_end() -> None:
    full = Configuration(
        categories=DEFAULT.categories, skills=tuple(Skill(name=f"s{i}") for i in range(100))
    )

    with pytest.raises(InvalidDraft, match="room for 100 skills"):
        member_form.read(sent(new="one more"), full)
    assert member_form.read(sent(new="s7"), full).skills == ("s7",)


def test_what_belongs_to_another_person_is_not_given_to_the_one_picked() -> None:
    """Save was pressed before the form was drawn for the person picked last."""
    view = sent(role="admin")
    view["state"]["values"]["person"]["pick_person"]["selected_user"] = "UMALLORY"

    with pytest.raises(InvalidDraft) as wrong:
        member_form.read(view, DEFAULT)

    assert wrong.value.fields == {
        "person": "The form was not ready yet. Please pick the person again."
    }
