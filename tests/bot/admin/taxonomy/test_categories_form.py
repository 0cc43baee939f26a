"""The category form: contents, submitted values and errors."""

from typing import Any

import pytest

from bot.admin.taxonomy import categories_form
from models.errors import InvalidInput
from models.triage.result import Category, Priority
from models.triage.taxonomy import DEFAULT_TAXONOMY
from tests.bot.form_values import with_values

NETWORK = DEFAULT_TAXONOMY.categories[2]


def errors_of(name: str | None, /, **values: Any) -> dict[str, str]:
    """The errors by field of a form that is refused."""
    form = with_values(categories_form.render(DEFAULT_TAXONOMY, name), **values)
    with pytest.raises(InvalidInput) as error:
        categories_form.read(form, DEFAULT_TAXONOMY)
    return error.value.fields


def test_new_category_is_read() -> None:
    form = categories_form.render(DEFAULT_TAXONOMY)
    filled = with_values(
        form,
        name="Salaries",
        description=" What  is paid ",
        keywords="payslip, wage,,payslip",
        floor="high",
        private=("private",),
    )

    assert categories_form.read(filled, DEFAULT_TAXONOMY) == (
        None,
        Category(
            name="Salaries",
            description="What is paid",
            keywords=("payslip", "wage"),
            floor=Priority.HIGH,
            private=True,
        ),
    )


def test_changes_of_another_admin_are_kept() -> None:
    form = categories_form.render(DEFAULT_TAXONOMY, "Network")
    changed_by_another = NETWORK.model_copy(update={"private": True})
    current_taxonomy = DEFAULT_TAXONOMY.with_category("Network", changed_by_another)

    assert categories_form.read(with_values(form), DEFAULT_TAXONOMY) == ("Network", NETWORK)
    assert categories_form.read(with_values(form, floor="urgent"), current_taxonomy) == (
        "Network",
        changed_by_another.model_copy(update={"floor": Priority.URGENT}),
    )


def test_minimum_priority_and_privacy_can_be_removed() -> None:
    with_floor = NETWORK.model_copy(update={"floor": Priority.HIGH, "private": True})
    taxonomy = DEFAULT_TAXONOMY.with_category("Network", with_floor)
    form = categories_form.render(taxonomy, "Network")

    filled = with_values(form, floor="-", private=())
    assert categories_form.read(filled, taxonomy) == ("Network", NETWORK)


def test_each_invalid_field_has_its_error() -> None:
    assert "Enter a name" in errors_of(None)["name:"]
    assert "“Access” already" in errors_of(None, name="access")["name:"]
    assert "“Access” already" in errors_of("Network", name="ACCESS")["name:Network"]
    assert "At most 50" in errors_of("Network", name="x" * 51)["name:Network"]
    assert "at most 50" in errors_of("Network", keywords="x" * 51)["keywords:Network"]
    assert "not ready yet" in errors_of("Network", category="Access")["category:Network"]
    form = with_values(categories_form.render(DEFAULT_TAXONOMY, "Network"))
    with pytest.raises(InvalidInput, match="does not exist any more"):
        categories_form.read(form, DEFAULT_TAXONOMY.without_category("Network"))


def test_last_category_has_no_remove_button() -> None:
    def button_rows(name: str) -> list[str]:
        blocks = categories_form.render(DEFAULT_TAXONOMY, name)["blocks"]
        return [block["block_id"] for block in blocks if block["type"] == "actions"]

    assert (button_rows("Network"), button_rows("Other")) == (["removal"], [])
