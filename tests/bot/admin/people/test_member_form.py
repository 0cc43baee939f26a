"""The member form: contents, submitted values and errors."""

from collections.abc import Mapping
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


def submitted(
    person: str | None = "UBOB",
    role: str = "moderator",
    skills: tuple[str, ...] = (),
    new: str | None = None,
) -> dict[str, Any]:
    """The form as Slack submits it."""
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


def errors_of(**form: Any) -> dict[str, str]:
    """The errors by field of a form that is refused."""
    with pytest.raises(InvalidInput) as error:
        member_form.read(submitted(**form), DEFAULT_TAXONOMY)
    return error.value.fields


def test_form_shows_the_current_values() -> None:
    inputs = [
        b for b in member_form.render(DEFAULT_TAXONOMY, BOB)["blocks"] if b["type"] == "input"
    ]
    person, role, skills, _, away, capacity, trusted = (block["element"] for block in inputs)

    assert person["initial_user"] == "UBOB"
    assert role["initial_option"]["value"] == "moderator"
    assert [option["value"] for option in skills["initial_options"]] == ["vpn", "okta"]
    assert not {"initial_date", "initial_value", "initial_options"} & {*away, *capacity, *trusted}
    holiday = utc_now() + timedelta(days=9)
    member = BOB.model_copy(update={"trusted": True, "capacity": 7, "away_until": holiday})
    values = with_values(member_form.render(DEFAULT_TAXONOMY, member))["state"]["values"]
    assert values["away:UBOB"]["value"]["selected_date"] == holiday.date().isoformat()
    assert values["capacity:UBOB"]["value"]["value"] == "7"
    assert values["trusted:UBOB"]["value"]["selected_options"]


def test_picker_asks_for_the_person_only() -> None:
    blocks = member_form.render_picker()["blocks"]

    assert [block["block_id"] for block in blocks if block["type"] == "input"] == ["person"]


def test_role_and_skills_are_read() -> None:
    member_input = member_form.read(
        submitted(skills=("vpn", "okta"), new="WireGuard, Cisco  ISE"), DEFAULT_TAXONOMY
    )

    assert member_input == member_form.MemberInput(
        slack_id="UBOB",
        role=Role.MODERATOR,
        skills=("vpn", "okta", "Cisco ISE"),
        new_skills=("Cisco ISE",),
    )


def changes(member: Member, **values: str | None) -> Mapping[str, Any]:
    """The changes of a form of which these fields were filled in."""
    form = with_values(member_form.render(DEFAULT_TAXONOMY, member), **values)
    return member_form.read(form, DEFAULT_TAXONOMY).changes_for(member)


def test_only_changed_fields_are_changes() -> None:
    day = (utc_now() + timedelta(days=3)).date()
    midnight = datetime.combine(day, time.min, tzinfo=ZoneInfo("Asia/Tokyo"))

    assert changes(BOB) == {}
    assert changes(BOB, capacity="3") == {"capacity": 3}
    assert changes(BOB, new_skills="mac") == {"skills": ("vpn", "okta", "mac")}
    in_tokyo = BOB.model_copy(update={"tz": "Asia/Tokyo"})
    assert changes(in_tokyo, away=day.isoformat()) == {"away_until": midnight}


def test_emptied_fields_remove_absence_and_limit() -> None:
    member = BOB.model_copy(update={"capacity": 7, "away_until": utc_now() + timedelta(days=9)})

    assert changes(member, away=None, capacity=None) == {"away_until": None, "capacity": None}


@pytest.mark.parametrize("typed", ["0", "-1", "1000", "3.5", "many", "²"])
def test_ticket_limit_must_be_a_whole_number(typed: str) -> None:
    with pytest.raises(InvalidInput) as error:
        changes(BOB, capacity=typed)
    assert list(error.value.fields) == ["capacity:UBOB"]


def test_first_day_back_must_be_in_the_future() -> None:
    with pytest.raises(InvalidInput) as error:
        changes(BOB, away="2020-02-29")
    assert error.value.fields == {member_form.FIRST_DAY_BACK: "Pick a date in the future."}


def test_removed_skill_is_not_given() -> None:
    assert member_form.read(submitted(skills=("vpn", "gone")), DEFAULT_TAXONOMY).skills == ("vpn",)


@pytest.mark.fault("F87")
def test_each_invalid_field_has_its_error() -> None:
    assert errors_of(person=None) == {"person": "Pick a person."}
    assert errors_of(role="emperor") == {"role:UBOB": "Choose a role."}
    assert "at most 50" in errors_of(new="x" * 51)["new_skills:UBOB"]
    assert "letter or digit" in errors_of(new="(*)")["new_skills:UBOB"]


def test_full_list_takes_no_new_skill() -> None:
    full = Taxonomy(
        categories=DEFAULT_TAXONOMY.categories,
        skills=tuple(Skill(name=f"s{number}") for number in range(1000)),
    )

    with pytest.raises(InvalidInput, match="at most 1000 skills"):
        member_form.read(submitted(new="one more"), full)
    assert member_form.read(submitted(new="s7"), full).skills == ("s7",)


def test_save_before_the_form_is_redrawn_is_refused() -> None:
    """Otherwise the picked person gets the role of the previous one."""
    view = submitted(role="admin")
    view["state"]["values"]["person"]["pick_person"]["selected_user"] = "UMALLORY"

    with pytest.raises(InvalidInput) as error:
        member_form.read(view, DEFAULT_TAXONOMY)

    assert error.value.fields == {"person": "The form was not ready yet. Pick the person again."}
