"""The form for a new ticket: initial values, reading and refusals."""

from typing import Any

import pytest

from bot.tickets import ticket_form
from models.errors import InvalidInput
from models.tickets.ticket import Draft, Urgency


def read(title: str | None, description: str | None = None, **more: Any) -> Draft:
    """Read a submitted form with these texts."""
    values = {
        "title": {"value": {"type": "plain_text_input", "value": title}},
        "description": {"value": {"type": "plain_text_input", "value": description}},
        **more,
    }
    view = {"id": "V1", "state": {"values": values}}
    return ticket_form.read(view, team_id="T1", requester="UADA")


def initial_values(text: str) -> tuple[str, str]:
    """Title and description in a form that was opened with this text."""
    title, description, *_ = (block["element"] for block in ticket_form.render(text)["blocks"])
    return title.get("initial_value", ""), description.get("initial_value", "")


def errors_of(title: str | None, description: str | None = None) -> dict[str, str]:
    """The sentences under the fields of a refused form."""
    with pytest.raises(InvalidInput) as caught:
        read(title, description)
    return caught.value.fields


def test_short_line_becomes_the_title() -> None:
    assert initial_values("  my vpn is down ") == ("my vpn is down", "")
    assert initial_values("") == ("", "")


def test_long_text_fills_description_and_title() -> None:
    title, description = initial_values("word " * 100)

    assert title.endswith("…")
    assert len(title) <= 150
    assert description == ("word " * 100).strip()


def test_text_that_is_too_long_is_cut() -> None:
    title, description = initial_values("x" * 40_000)

    assert (len(title), len(description)) == (150, 3000)
    assert not ticket_form.can_hold("x" * 40_000)


def test_typed_text_is_read_unchanged() -> None:
    urgent = {"value": {"selected_option": {"value": "blocked"}}}
    confidential = {"value": {"selected_options": [{"value": "confidential"}]}}
    draft = read(
        " VPN <!channel> `x` ", "line 1\nline 2", urgency=urgent, confidential=confidential
    )

    assert draft == Draft(
        key="view:V1",
        team_id="T1",
        requester="UADA",
        title="VPN <!channel> `x`",
        description="line 1\nline 2",
        urgency=Urgency.BLOCKED,
        confidential=True,
    )


def test_optional_fields_may_be_empty() -> None:
    draft = read("VPN", None, urgency={"value": {"selected_option": None}})

    assert (draft.description, draft.urgency, draft.confidential) == ("", None, False)


@pytest.mark.fault("F18")
def test_control_characters_are_removed_and_other_scripts_stay() -> None:
    draft = read("Drucker 🖨️ \x00kaputt \ud800!", "打印机坏了 👩‍💻 \u202eRTL")

    assert draft.title == "Drucker 🖨️ kaputt !"
    assert draft.description == "打印机坏了 👩‍💻 \u202eRTL"


@pytest.mark.parametrize("title", [None, "", "   ", "🔥🔥", ":…!", "\x00"])
def test_title_without_words_is_refused_at_its_field(title: str | None) -> None:
    assert errors_of(title) == {"title": "Please say in a few words what it is about."}


@pytest.mark.fault("F18")
def test_error_for_a_long_title_names_the_limit() -> None:
    assert "3000 characters; at most 150 fit" in errors_of("x" * 3000)["title"]


def test_each_wrong_field_has_its_own_error() -> None:
    assert set(errors_of("", "x" * 3001)) == {"title", "description"}


@pytest.mark.fault("F83")
def test_forged_urgency_is_ignored() -> None:
    assert read("VPN", urgency={"value": {"selected_option": {"value": "now!"}}}).urgency is None
