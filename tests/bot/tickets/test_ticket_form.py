"""The form for a new ticket: what is filled in, what is read, what is refused."""

from typing import Any

import pytest

from bot.tickets import ticket_form
from models.errors import InvalidInput
from models.tickets.ticket import Draft, Urgency


def read(title: str | None, description: str | None = None, **more: Any) -> Draft:
    """Read a form that came back with these words in it."""
    values = {
        "title": {"value": {"type": "plain_text_input", "value": title}},
        "description": {"value": {"type": "plain_text_input", "value": description}},
        **more,
    }
    view = {"id": "V1", "state": {"values": values}}
    return ticket_form.read(view, team_id="T1", requester="UADA")


def filled_in(text: str) -> tuple[str, str]:
    """Title and description as the form is opened with this text."""
    title, description, *_ = (block["element"] for block in ticket_form.render(text)["blocks"])
    return title.get("initial_value", ""), description.get("initial_value", "")


def faults(title: str | None, description: str | None = None) -> dict[str, str]:
    """The sentences under the fields of a form that is refused."""
    with pytest.raises(InvalidInput) as refused:
        read(title, description)
    return refused.value.fields


def test_a_short_line_becomes_the_title() -> None:
    assert filled_in("  my vpn is down ") == ("my vpn is down", "")
    assert filled_in("") == ("", "")


def test_a_long_text_becomes_the_description_and_its_beginning_the_title() -> None:
    title, description = filled_in("word " * 100)

    assert title.endswith("…")
    assert len(title) <= 150
    assert description == ("word " * 100).strip()


def test_no_text_is_too_long_for_the_form() -> None:
    title, description = filled_in("x" * 40_000)

    assert (len(title), len(description)) == (150, 3000)
    assert not ticket_form.can_hold("x" * 40_000)


def test_what_was_typed_is_what_is_read() -> None:
    urgent = {"value": {"selected_option": {"value": "blocked"}}}
    secret = {"value": {"selected_options": [{"value": "confidential"}]}}
    draft = read(" VPN <!channel> `x` ", "line 1\nline 2", urgency=urgent, confidential=secret)

    assert draft == Draft(
        key="view:V1",
        team_id="T1",
        requester="UADA",
        title="VPN <!channel> `x`",
        description="line 1\nline 2",
        urgency=Urgency.BLOCKED,
        confidential=True,
    )


def test_what_is_optional_may_be_left_out() -> None:
    draft = read("VPN", None, urgency={"value": {"selected_option": None}})

    assert (draft.description, draft.urgency, draft.confidential) == ("", None, False)


@pytest.mark.fault("F18")
def test_emoji_and_other_scripts_survive_but_control_characters_do_not() -> None:
    draft = read("Drucker 🖨️ \x00kaputt \ud800!", "打印机坏了 👩‍💻 \u202eRTL")

    assert draft.title == "Drucker 🖨️ kaputt !"
    assert draft.description == "打印机坏了 👩‍💻 \u202eRTL"


@pytest.mark.parametrize("title", [None, "", "   ", "🔥🔥", ":…!", "\x00"])
def test_a_title_without_words_is_refused_at_its_field(title: str | None) -> None:
    assert faults(title) == {"title": "Please say in a few words what it is about."}


@pytest.mark.fault("F18")
def test_a_title_that_is_too_long_says_how_long_it_may_be() -> None:
    assert "3000 characters; at most 150 fit" in faults("x" * 3000)["title"]


def test_each_field_at_fault_has_its_own_sentence() -> None:
    assert set(faults("", "x" * 3001)) == {"title", "description"}


@pytest.mark.fault("F83")
def test_a_forged_urgency_is_no_urgency() -> None:
    assert read("VPN", urgency={"value": {"selected_option": {"value": "now!"}}}).urgency is None
