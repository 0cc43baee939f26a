"""The form for a person's role and skills: what is shown, what is read, what is refused."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.admin.people import member_form
from models.clock import utc_now
from models.errors import InvalidInput
from models.people.member import Member, Role
from models.triage.skills import Skill
from models.triage.taxonomy import DEFAULT_TAXONOMY, Taxonomy
from tests.bot.form_values import with_values

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
    with pytest.raises(InvalidInput) as error:
        member_form.read(sent(**form), DEFAULT_TAXONOMY)
    return error.value.fields


def test_the_form_shows_the_person_as_they_are() -> None:
    inputs = [
        b for b in member_form.render(DEFAULT_TAXONOMY, BOB)["blocks"] if b["type"] == "input"
    ]
    person, role, skills, _, away, capacity, trusted = (block["element"] for block in inputs)

    assert person["initial_user"] == "UBOB"
    assert role["initial_option"]["value"] == "moderator"
    assert [option["value"] for option in skills["initial_options"]] == ["vpn", "okta"]
    assert not {"initial_date", "initial_value", "initial_options"} & {*away, *capacity, *trusted}
    holiday = utc_now() + timedelta(days=9)
    known = BOB.model_copy(update={"trusted": True, "capacity": 7, "away_until": holiday})
    shown = with_values(member_form.render(DEFAULT_TAXONOMY, known))["state"]["values"]
    assert shown["away:UBOB"]["value"]["selected_date"] == holiday.date().isoformat()
    assert shown["capacity:UBOB"]["value"]["value"] == "7"
    assert shown["trusted:UBOB"]["value"]["selected_options"]


def test_role_and_skills_are_read() -> None:
    decided = member_form.read(
        sent(skills=("vpn", "okta"), new="WireGuard, Cisco  ISE"), DEFAULT_TAXONOMY
    )

    assert decided == member_form.MemberInput(
        slack_id="UBOB",
        role=Role.MODERATOR,
        skills=("vpn", "okta", "Cisco ISE"),
        new_skills=("Cisco ISE",),
    )


def test_only_what_was_changed_is_new_about_a_person() -> None:
    form = member_form.render(DEFAULT_TAXONOMY, BOB)
    day = (utc_now() + timedelta(days=3)).date()
    tokyo = BOB.model_copy(update={"tz": "Asia/Tokyo"})

    assert member_form.read(with_values(form), DEFAULT_TAXONOMY).changes_for(BOB) == {}
    assert member_form.read(with_values(form, capacity="3"), DEFAULT_TAXONOMY).changes_for(BOB) == {
        "capacity": 3
    }
    away = member_form.read(with_values(form, away=day.isoformat()), DEFAULT_TAXONOMY).changes_for(
        tokyo
    )
    morning = datetime.combine(day, time.min, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert away == {"away_until": morning}
    assert member_form.read(with_values(form, new_skills="mac"), DEFAULT_TAXONOMY).changes_for(
        BOB
    ) == {"skills": ("vpn", "okta", "mac")}


def test_who_is_back_or_takes_any_number_again_is_shown_so() -> None:
    known = BOB.model_copy(update={"capacity": 7, "away_until": utc_now() + timedelta(days=9)})
    form = member_form.render(DEFAULT_TAXONOMY, known)

    decided = member_form.read(with_values(form, away=None, capacity=None), DEFAULT_TAXONOMY)

    assert decided.changes_for(known) == {"away_until": None, "capacity": None}


@pytest.mark.parametrize("typed", ["0", "-1", "1000", "3.5", "many", "²"])
def test_a_number_of_tickets_is_a_whole_one(typed: str) -> None:
    form = member_form.render(DEFAULT_TAXONOMY, BOB)

    with pytest.raises(InvalidInput) as wrong:
        member_form.read(with_values(form, capacity=typed), DEFAULT_TAXONOMY)
    assert list(wrong.value.fields) == ["capacity:UBOB"]


def test_nobody_is_away_until_a_day_that_is_past() -> None:
    form = member_form.render(DEFAULT_TAXONOMY, BOB)

    with pytest.raises(InvalidInput) as wrong:
        member_form.read(with_values(form, away="2020-02-29"), DEFAULT_TAXONOMY).changes_for(BOB)
    assert list(wrong.value.fields) == ["away:UBOB"]


def test_a_skill_that_the_desk_does_not_have_any_more_is_not_given() -> None:
    assert member_form.read(sent(skills=("vpn", "gone")), DEFAULT_TAXONOMY).skills == ("vpn",)


@pytest.mark.fault("F87")
def test_what_is_not_right_is_said_at_its_field() -> None:
    assert refused(person=None) == {"person": "Please pick a person."}
    assert refused(role="emperor") == {"role:UBOB": "Please choose a role."}
    assert "at most 50" in refused(new="x" * 51)["new_skills:UBOB"]
    assert "letter or digit" in refused(new="(*)")["new_skills:UBOB"]


def test_the_list_of_skills_has_an_end() -> None:
    full = Taxonomy(
        categories=DEFAULT_TAXONOMY.categories,
        skills=tuple(Skill(name=f"s{i}") for i in range(1000)),
    )

    with pytest.raises(InvalidInput, match="room for 1000 skills"):
        member_form.read(sent(new="one more"), full)
    assert member_form.read(sent(new="s7"), full).skills == ("s7",)


def test_what_belongs_to_another_person_is_not_given_to_the_one_picked() -> None:
    """Save was pressed before the form was drawn for the person picked last."""
    view = sent(role="admin")
    view["state"]["values"]["person"]["pick_person"]["selected_user"] = "UMALLORY"

    with pytest.raises(InvalidInput) as wrong:
        member_form.read(view, DEFAULT_TAXONOMY)

    assert wrong.value.fields == {
        "person": "The form was not ready yet. Please pick the person again."
    }
