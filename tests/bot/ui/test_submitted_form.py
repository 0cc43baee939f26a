"""A submitted form: values, the ticket it was opened for, and errors under the fields."""

from typing import Any

import pytest

from bot.ui.form_fields import input_field, option, select_menu, text_input
from bot.ui.submitted_form import SubmittedForm
from bot.ui.views import form_view
from models.errors import InvalidInput
from models.messages.buttons import ButtonValue
from models.tickets.ticket import Status
from tests.bot.form_values import with_values
from tests.sample_tickets import ticket_in_status

CLAIMED = ticket_in_status(Status.CLAIMED)
FORM = form_view(
    "hand_over",
    "Hand over",
    [
        input_field("reason", "Reason", text_input("on leave", max_length=50), subject="UBOB"),
        input_field("skill", "Skill", select_menu([option("VPN", "vpn")], "vpn")),
    ],
    submit="Hand over",
    ticket=CLAIMED,
)


def submitted(**values: Any) -> SubmittedForm:
    return SubmittedForm(with_values(FORM, **values))


def reason_error(text: str | None) -> dict[str, str]:
    """The sentences under the fields when the reason is refused."""
    with pytest.raises(InvalidInput) as error:
        submitted(reason=text).required_text("reason", max_length=9, if_empty="Say why.")
    return error.value.fields


def test_form_names_its_ticket_and_the_version_that_the_person_saw() -> None:
    assert submitted().ticket == ButtonValue(CLAIMED.id, CLAIMED.state_version)
    assert SubmittedForm({"state": {"values": {}}}).ticket.ticket_id == ""


def test_values_are_read_by_the_names_of_the_fields() -> None:
    form = submitted(reason=" holi\x00day\nuntil May ", skill=None)

    assert form.text("reason") == "holiday\nuntil May"
    assert form.subject("reason") == "UBOB"
    assert form.selected_value("skill") == ""
    assert (form.has_field("skill"), form.has_field("person")) == (True, False)
    assert (form.text("person"), form.selected_values("person")) == ("", [])


@pytest.mark.parametrize("value", [{"$gt": ""}, ["T-1"], 5, True, None])
def test_value_that_is_no_text_counts_as_empty(value: object) -> None:
    state = {"values": {"title": {"value": {"type": "plain_text_input", "value": value}}}}

    assert SubmittedForm({"state": state}).text("title") == ""


def test_changes_are_told_from_the_values_that_the_form_showed() -> None:
    assert not submitted().has_changed("reason")
    assert not submitted().has_changed("skill")
    assert submitted(reason="ill").has_changed("reason")
    assert submitted(skill=None).has_changed("skill")


@pytest.mark.parametrize("text", [None, " ", ":-)"])
def test_required_text_without_words_is_refused_under_its_field(text: str | None) -> None:
    assert reason_error(text) == {"reason:UBOB": "Say why."}


def test_required_text_that_is_too_long_names_the_limit() -> None:
    assert "10 characters; at most 9 fit" in reason_error("x" * 10)["reason:UBOB"]
    assert submitted(reason="on leave").required_text("reason", max_length=9, if_empty="") == (
        "on leave"
    )
