"""The guest policy form: contents and submitted changes."""

import pytest

from bot.admin.people import guest_policy_form
from bot.ui.notice_view import notice_view
from models.people.guest_policy import GuestPolicy
from sandbox.slack.blockkit import check_view
from tests.bot.form_values import with_values

GROUPS = [("S1", "helpdesk"), ("S2", "cooks")]
CHOSEN = GuestPolicy(guests=False, strangers=True, moderators="S1")


def test_unchanged_form_has_no_changes() -> None:
    assert (
        guest_policy_form.read(with_values(guest_policy_form.render(GuestPolicy(), GROUPS))) == {}
    )
    assert guest_policy_form.read(with_values(guest_policy_form.render(CHOSEN, GROUPS))) == {}


def test_changed_fields_are_read() -> None:
    from_defaults = with_values(
        guest_policy_form.render(GuestPolicy(), GROUPS), guests="refuse", moderators="S2"
    )
    from_chosen = with_values(
        guest_policy_form.render(CHOSEN, GROUPS), strangers="refuse", moderators="-"
    )

    assert guest_policy_form.read(from_defaults) == {"guests": False, "moderators": "S2"}
    assert guest_policy_form.read(from_chosen) == {"strangers": False, "moderators": ""}


def test_chosen_group_stays_when_slack_lists_no_groups() -> None:
    form = guest_policy_form.render(
        CHOSEN, (), groups_error="usergroups.list: plan_upgrade_required"
    )

    assert "plan_upgrade_required" in str(form)
    assert guest_policy_form.read(with_values(form, guests="user")) == {"guests": True}


@pytest.mark.parametrize("amount", [0, 1, 98, 99, 100, 101, 900])
def test_form_fits_any_number_of_groups(amount: int) -> None:
    groups = [(f"S{number}", f"<!channel>{number}" * 9) for number in range(amount)]

    form = guest_policy_form.render(CHOSEN.model_copy(update={"moderators": "S7"}), groups)

    assert check_view(form) == []
    content = str(form)
    assert all(f"'S{number}'" in content for number in range(amount))
    assert guest_policy_form.read(with_values(form)) == {}


def test_confirmation_fits_each_policy() -> None:
    for policy in (GuestPolicy(), CHOSEN):
        assert check_view(notice_view(*guest_policy_form.confirmation_texts(policy))) == []
