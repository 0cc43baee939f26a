"""The form about whom the desk serves: what is shown, and what is read of it."""

import pytest

from bot.admin.people import guest_policy_form
from bot.ui.notice_view import notice_view
from models.people.guest_policy import GuestPolicy
from sandbox.slack.blockkit import check_view
from tests.bot.form_values import with_values

GROUPS = [("S1", "helpdesk"), ("S2", "cooks")]
CHOSEN = GuestPolicy(guests=False, strangers=True, moderators="S1")


def test_what_was_left_as_it_was_is_no_change() -> None:
    assert (
        guest_policy_form.read(with_values(guest_policy_form.render(GuestPolicy(), GROUPS))) == {}
    )
    assert guest_policy_form.read(with_values(guest_policy_form.render(CHOSEN, GROUPS))) == {}


def test_what_was_changed_is_read() -> None:
    fresh = with_values(
        guest_policy_form.render(GuestPolicy(), GROUPS), guests="refuse", moderators="S2"
    )
    back = with_values(guest_policy_form.render(CHOSEN, GROUPS), strangers="refuse", moderators="-")

    assert guest_policy_form.read(fresh) == {"guests": False, "moderators": "S2"}
    assert guest_policy_form.read(back) == {"strangers": False, "moderators": ""}


def test_a_group_that_slack_does_not_show_stays_chosen() -> None:
    form = guest_policy_form.render(
        CHOSEN, (), groups_error="usergroups.list: plan_upgrade_required"
    )

    assert "plan_upgrade_required" in str(form)
    assert guest_policy_form.read(with_values(form, guests="user")) == {"guests": True}


@pytest.mark.parametrize("amount", [0, 1, 98, 99, 100, 101, 900])
def test_slack_opens_the_form_with_any_number_of_groups(amount: int) -> None:
    groups = [(f"S{number}", f"<!channel>{number}" * 9) for number in range(amount)]

    form = guest_policy_form.render(CHOSEN.model_copy(update={"moderators": "S7"}), groups)

    assert check_view(form) == []
    shown = str(form)
    assert all(f"'S{number}'" in shown for number in range(amount))
    assert guest_policy_form.read(with_values(form)) == {}


def test_slack_shows_what_is_saved() -> None:
    for welcome in (GuestPolicy(), CHOSEN):
        assert check_view(notice_view(*guest_policy_form.confirmation_texts(welcome))) == []
