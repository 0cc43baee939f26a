"""The form in which a moderator edits the triage of a ticket: rendered and read."""

from collections.abc import Iterable

from bot.payload import Payload
from bot.ui.form_fields import input_field, multi_select_menu, option, select_menu
from bot.ui.submitted_form import SubmittedForm
from bot.ui.views import form_view
from models.messages.block_kit import Block, View, section
from models.messages.buttons import ButtonValue
from models.messages.texts import PRIORITY_MARKS, status_line
from models.text import clip, escape, join_names
from models.tickets.correction import CATEGORY, PRIORITY, SKILLS, Correction
from models.tickets.field import Surface
from models.tickets.fields import TRIAGE
from models.tickets.ticket import Ticket
from models.tickets.visible_ticket import visible_ticket
from models.triage.result import Priority, Triage
from models.triage.taxonomy import MAX_CATEGORIES, Taxonomy

CALLBACK = "correction"
# https://docs.slack.dev/reference/block-kit/block-elements/multi-select-menu-element
MAX_SKILLS = 100


def render(ticket: Ticket, taxonomy: Taxonomy, *, correction: Correction | None = None) -> View:
    """The form, filled in with the ticket's triage.

    Args:
        correction: choices that the moderator made before the ticket changed; the form keeps them.
    """
    if ticket.triage is None:
        raise ValueError(f"{ticket.id} is not triaged yet")
    triage = correction.apply_to(ticket.triage) if correction else ticket.triage
    visible = visible_ticket(ticket, Surface.FORM)
    heading = f"Triage: {escape(visible.get(TRIAGE) or '')}."
    if correction:
        heading = (
            f":warning: *{ticket.id} has changed while you had this open.* {status_line(visible)}\n"
            f"The ticket now has: {_triage_text(ticket.triage)}. Your choices are still in the "
            "form. Press Submit again to save them."
        )
    return form_view(
        CALLBACK,
        f"Triage of {ticket.id}",
        [
            section(heading),
            _category_field(triage, taxonomy),
            _priority_field(triage),
            *_skill_fields(triage, taxonomy),
        ],
        submit="Submit",
        ticket=ticket,
    )


def read(view: Payload) -> tuple[ButtonValue, Correction]:
    """The ticket and version that the form showed, and the moderator's choices."""
    form = SubmittedForm(view)
    priority = form.selected_value(PRIORITY)
    return form.ticket, Correction(
        category=form.selected_value(CATEGORY) or None,
        priority=Priority(priority) if priority in set(Priority) else None,
        skills=tuple(form.selected_values(SKILLS)) if form.has_field(SKILLS) else None,
    )


def _triage_text(triage: Triage) -> str:
    skills = clip(join_names(triage.skills), 500)
    return escape(f"{triage.category}, {triage.priority}, skills: {skills}")


def _category_field(triage: Triage, taxonomy: Taxonomy) -> Block:
    names = _merge_names((triage.category,), [c.name for c in taxonomy.categories], MAX_CATEGORIES)
    options = [option(name, name) for name in names]
    return input_field(CATEGORY, "Category", select_menu(options, triage.category))


def _priority_field(triage: Triage) -> Block:
    options = [option(mark, level.value, emoji=True) for level, mark in PRIORITY_MARKS.items()]
    return input_field(PRIORITY, "Priority", select_menu(options, triage.priority.value))


def _skill_fields(triage: Triage, taxonomy: Taxonomy) -> list[Block]:
    names = _merge_names(triage.skills, taxonomy.vocabulary.names, MAX_SKILLS)
    if not names:
        return []
    options = [option(name, name) for name in names]
    menu = multi_select_menu(options, triage.skills, placeholder="Skills that the ticket needs")
    return [input_field(SKILLS, "Skills", menu, optional=True)]


def _merge_names(first: Iterable[str], second: Iterable[str], max_names: int) -> list[str]:
    """The ticket's own names before the others, without duplicates."""
    return list(dict.fromkeys((*first, *second)))[:max_names]
