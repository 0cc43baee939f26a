"""The form of the workspace settings: contents and submitted changes."""

import pytest

from bot.admin.workspace_settings_form import confirmation_texts, read, render
from bot.ui.views import notice_view
from models.errors import InvalidInput
from models.workspace.workspace_settings import WorkspaceSettings
from sandbox.slack.blockkit import check_view
from tests.bot.form_values import with_values

GROUPS = [("S1", "helpdesk"), ("S2", "cooks")]
CHOSEN = WorkspaceSettings(guests=False, strangers=True, moderators="S1")


def test_unchanged_form_has_no_changes() -> None:
    assert read(with_values(render(WorkspaceSettings(), GROUPS))) == {}
    assert read(with_values(render(CHOSEN, GROUPS))) == {}


def test_changed_fields_are_read() -> None:
    from_defaults = with_values(
        render(WorkspaceSettings(), GROUPS),
        guests="refuse",
        moderators="S2",
    )
    from_chosen = with_values(render(CHOSEN, GROUPS), strangers="refuse", moderators="-")

    assert read(from_defaults) == {"guests": False, "moderators": "S2"}
    assert read(from_chosen) == {"strangers": False, "moderators": ""}


def test_chosen_group_stays_when_slack_lists_no_groups() -> None:
    form = render(CHOSEN, (), groups_error="usergroups.list: plan_upgrade_required")

    assert "plan_upgrade_required" in str(form)
    assert read(with_values(form, guests="user")) == {"guests": True}


def test_typed_settings_are_read() -> None:
    form = with_values(
        render(WorkspaceSettings(), ()),
        floor_words="production is down=urgent, payroll=high",
        allowed_link_hosts="wiki.acme.example, Status.Acme.example",
    )

    assert read(form) == {
        "floor_words": (("production is down", "urgent"), ("payroll", "high")),
        "allowed_link_hosts": ("wiki.acme.example", "status.acme.example"),
    }


def test_each_wrong_text_has_an_error_under_its_field() -> None:
    form = with_values(
        render(WorkspaceSettings(), ()),
        floor_groups="S1",
        allowed_link_hosts="https://wiki",
        shadow_prompt="Answer $fence",
    )

    with pytest.raises(InvalidInput) as caught:
        read(form)

    assert set(caught.value.fields) == {"floor_groups", "allowed_link_hosts", "shadow_prompt"}
    assert "for example payroll=high" in caught.value.fields["floor_groups"]


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("$fence $examples $categories for $5", "write $$ for a dollar sign"),
        ("$fence $examples $categories $price", "unknown variable: $price"),
    ],
)
def test_prompt_that_cannot_be_filled_in_has_an_error_under_its_field(
    prompt: str, reason: str
) -> None:
    form = with_values(render(WorkspaceSettings(), ()), shadow_prompt=prompt)

    with pytest.raises(InvalidInput) as caught:
        read(form)

    assert reason in caught.value.fields["shadow_prompt"]
    escaped = prompt.replace("$5", "$$5").replace("$price", "price")
    assert read(with_values(render(WorkspaceSettings(), ()), shadow_prompt=escaped)) == {
        "shadow_prompt": escaped
    }


@pytest.mark.parametrize("amount", [0, 1, 98, 99, 100, 101, 900])
def test_form_fits_any_number_of_groups(amount: int) -> None:
    groups = [(f"S{number}", f"<!channel>{number}" * 9) for number in range(amount)]

    form = render(CHOSEN.model_copy(update={"moderators": "S7"}), groups)

    assert check_view(form) == []
    content = str(form)
    assert all(f"'S{number}'" in content for number in range(amount))
    assert read(with_values(form)) == {}


def test_confirmation_fits_each_policy() -> None:
    for policy in (WorkspaceSettings(), CHOSEN):
        assert check_view(notice_view(*confirmation_texts(policy))) == []
