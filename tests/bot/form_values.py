"""Submitted forms as Slack sends them back, for tests."""

from typing import Any

from sandbox.slack.content.input_elements import InputField, initial_state, input_fields, to_state

Form = dict[str, Any]


def with_values(form: Form, **values: str | tuple[str, ...] | None) -> Form:
    """The rendered form with these values, by the first part of each field's block id."""
    states: dict[str, Any] = {}
    for field in input_fields(form["blocks"], str):
        name = field.block_id.partition(":")[0]
        state = (
            _field_state(field, values.pop(name))
            if name in values
            else initial_state(field.element)
        )
        states[field.block_id] = {field.action_id: state}
    assert not values, f"the form has no such field: {values}"
    return {**form, "state": {"values": states}}


def _field_state(field: InputField, value: str | tuple[str, ...] | None) -> Form:
    if isinstance(value, tuple):
        return to_state(field.element, [{"value": entry} for entry in value])
    is_option = value is not None and field.type in {"static_select", "external_select"}
    return to_state(field.element, {"value": value} if is_option else value)
