"""Corrections: a moderator changes or confirms a ticket's triage, and triage learns from it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from models.errors import Conflict, InvalidInput
from models.people.member import Member
from models.text import clip, join_names
from models.tickets import workflow
from models.tickets.actions import Verb
from models.tickets.permissions import check
from models.tickets.ticket import Event, Ticket
from models.triage.result import Priority, Triage
from models.triage.taxonomy import Taxonomy
from models.triage.training_example import TrainingExample

CATEGORY, PRIORITY, SKILLS = "category", "priority", "skills"
_CONFIRMED_REASON = "confirmed without changes"


@dataclass(frozen=True, slots=True)
class Correction:
    """A moderator's values for a ticket; None where the triage is right."""

    category: str | None = None
    priority: Priority | None = None
    skills: tuple[str, ...] | None = None

    def validate(self, taxonomy: Taxonomy, ticket: Ticket) -> "Correction":
        """The same correction with the current names of categories and skills.

        The ticket may keep a category or skill that was removed since.

        Raises:
            InvalidInput: a category or skill does not exist.
        """
        before = ticket.triage
        kept_category = before.category if before else None
        category = taxonomy.find_category(self.category) if self.category else None
        errors = {}
        if self.category and not category and self.category != kept_category:
            errors[CATEGORY] = "This category does not exist any more. Choose another one."
        skills = None if self.skills is None else taxonomy.vocabulary.current_names(self.skills)
        allowed_skills = {*taxonomy.vocabulary.names, *(before.skills if before else ())}
        if unknown := tuple(skill for skill in skills or () if skill not in allowed_skills):
            names = clip(join_names(unknown), 100)
            errors[SKILLS] = f"These skills do not exist: {names}. Choose others."
        if errors:
            raise InvalidInput(errors)
        category_name = category.name if category else self.category
        return Correction(category=category_name, priority=self.priority, skills=skills)

    def apply_to(self, triage: Triage) -> Triage:
        """The triage with the corrected values."""
        values = {CATEGORY: self.category, PRIORITY: self.priority, SKILLS: self.skills}
        return triage.model_copy(
            update={name: value for name, value in values.items() if value is not None}
        )


def apply_correction(
    correction: Correction, *, actor: Member, seen_version: int | None
) -> Callable[[Ticket, datetime], Ticket]:
    """The update that applies a correction.

    Args:
        seen_version: the version that the person saw; None when they saw no card.
    """

    def correct(ticket: Ticket, now: datetime) -> Ticket:
        check(Verb.VIEW, actor, ticket)
        if ticket.triage is None:
            raise Conflict(
                f"{ticket.id} was not changed: it is not triaged yet. Try again in a moment."
            )
        after = correction.apply_to(ticket.triage)
        changes = "; ".join(_describe_changes(ticket.triage, after))
        return workflow.transition(
            ticket,
            Verb.CORRECT,
            actor=actor,
            now=now,
            seen_version=seen_version,
            event_reason=changes or _CONFIRMED_REASON,
            triage=after,
            original_triage=ticket.original_triage or ticket.triage,
        )

    return correct


def to_training_example(
    ticket: Ticket, taxonomy: Taxonomy, *, correction: Event | None, resolution: Event | None
) -> TrainingExample | None:
    """The training example of a corrected or resolved ticket, or None.

    A ticket that is resolved without a correction confirms its triage. An example that is or may be
    in a private category is confidential, so Gemini never gets it.

    Args:
        correction: the event of its last correction, if there is one.
        resolution: the event of its last resolution, if there is one.
    """
    triage, original = ticket.triage, ticket.original_triage or ticket.triage
    judgements = [event for event in (correction, resolution) if event]
    if triage is None or original is None or not judgements:
        return None
    return TrainingExample(
        ticket_id=ticket.id,
        team_id=ticket.team_id,
        text=ticket.text,
        original_triage=original,
        category=triage.category,
        priority=triage.priority,
        skills=triage.skills,
        confidential=ticket.confidential
        or any(
            one.private_category or taxonomy.is_private(one.category) for one in (triage, original)
        ),
        by=judgements[0].who,
        at=max(event.at for event in judgements),
    )


def _describe_changes(before: Triage, after: Triage) -> Iterable[str]:
    pairs = {
        CATEGORY: (before.category, after.category),
        PRIORITY: (before.priority.value, after.priority.value),
        SKILLS: (join_names(before.skills), join_names(after.skills)),
    }
    return [f"{name}: {old} → {new}" for name, (old, new) in pairs.items() if old != new]
