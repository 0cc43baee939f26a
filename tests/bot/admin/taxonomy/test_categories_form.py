"""The form for the desk's categories: what is shown, what is read, what is refused."""

from typing import Any

import pytest

from bot.admin.taxonomy import categories_form
from models.errors import InvalidInput
from models.triage.result import Category, Priority
from models.triage.taxonomy import DEFAULT_TAXONOMY
from tests.bot.form_values import with_values

NETWORK = DEFAULT_TAXONOMY.categories[2]


def refused(shown: str | None, **typed: Any) -> dict[str, str]:
    """The sentences under the fields of a form that is refused."""
    with pytest.raises(InvalidInput) as error:
        categories_form.read(
            with_values(categories_form.render(DEFAULT_TAXONOMY, shown), **typed), DEFAULT_TAXONOMY
        )
    return error.value.fields


def test_a_new_category_is_read() -> None:
    form = categories_form.render(DEFAULT_TAXONOMY)
    typed = with_values(
        form,
        name="Salaries",
        description=" What  is paid ",
        keywords="payslip, wage,,payslip",
        floor="high",
        private=("private",),
    )

    assert categories_form.read(typed, DEFAULT_TAXONOMY) == (
        None,
        Category(
            name="Salaries",
            description="What is paid",
            keywords=("payslip", "wage"),
            floor=Priority.HIGH,
            private=True,
        ),
    )


def test_a_category_is_shown_as_it_is_and_only_what_was_changed_is_new() -> None:
    form = categories_form.render(DEFAULT_TAXONOMY, "Network")
    changed_by_another = NETWORK.model_copy(update={"private": True})
    now_it_is = DEFAULT_TAXONOMY.with_category("Network", changed_by_another)

    assert categories_form.read(with_values(form), DEFAULT_TAXONOMY) == ("Network", NETWORK)
    name, read = categories_form.read(with_values(form, floor="urgent"), now_it_is)
    assert (name, read) == (
        "Network",
        changed_by_another.model_copy(update={"floor": Priority.URGENT}),
    )


def test_a_floor_that_is_there_can_be_taken_away() -> None:
    with_floor = NETWORK.model_copy(update={"floor": Priority.HIGH, "private": True})
    lists = DEFAULT_TAXONOMY.with_category("Network", with_floor)
    form = categories_form.render(lists, "Network")

    typed = with_values(form, floor="-", private=())
    assert categories_form.read(typed, lists) == ("Network", NETWORK)


def test_what_is_not_right_is_said_at_its_field() -> None:
    assert "a name" in refused(None)["name:"]
    assert "“Access” already" in refused(None, name="access")["name:"]
    assert "“Access” already" in refused("Network", name="ACCESS")["name:Network"]
    assert "At most 50" in refused("Network", name="x" * 51)["name:Network"]
    assert "at most 50" in refused("Network", keywords="x" * 51)["keywords:Network"]
    assert "not ready yet" in refused("Network", category="Access")["category:Network"]
    form = with_values(categories_form.render(DEFAULT_TAXONOMY, "Network"))
    with pytest.raises(InvalidInput, match="does not have it any more"):
        categories_form.read(form, DEFAULT_TAXONOMY.without_category("Network"))


def test_the_last_category_is_never_removed() -> None:
    def buttons(name: str) -> list[str]:
        blocks = categories_form.render(DEFAULT_TAXONOMY, name)["blocks"]
        return [block["block_id"] for block in blocks if block["type"] == "actions"]

    assert (buttons("Network"), buttons("Other")) == (["removal"], [])
