"""A correction: what a moderator says of a ticket in place of what triage said, and its lesson."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from models.errors import Conflict, InvalidInput, NoSuchTicket
from models.people.member import Member
from models.text import clip, join_names
from models.tickets import workflow
from models.tickets.ticket import Ticket
from models.tickets.workflow import Move
from models.triage.result import Priority, Triage
from models.triage.taxonomy import Taxonomy
from models.triage.training_example import TrainingExample

CATEGORY, PRIORITY, SKILLS = "category", "priority", "skills"
_CONFIRMED_REASON = "confirmed as it is"


@dataclass(frozen=True, slots=True)
class Correction:
    """What a ticket is; None where triage had it right."""

    category: str | None = None
    priority: Priority | None = None
    skills: tuple[str, ...] | None = None

    def validate(self, configuration: Taxonomy, ticket: Ticket) -> "Correction":
        """The same in the desk's own words; the ticket may keep what the desk has no more.

        Raises:
            InvalidDraft: with a sentence for each field that names what the desk does not have.
        """
        before = ticket.triage
        kept_category = before.category if before else None
        found = configuration.find_category(self.category) if self.category else None
        faults = {}
        if self.category and not found and self.category != kept_category:
            faults[CATEGORY] = "The desk has no such category any more. Please choose another one."
        skills = (
            None if self.skills is None else configuration.vocabulary.current_names(self.skills)
        )
        known = {*configuration.vocabulary.names, *(before.skills if before else ())}
        if unknown := tuple(skill for skill in skills or () if skill not in known):
            faults[SKILLS] = f"The desk has no skill {clip(join_names(unknown), 100)}."
        if faults:
            raise InvalidInput(faults)
        category = found.name if found else self.category
        return Correction(category=category, priority=self.priority, skills=skills)

    def apply_to(self, triage: Triage) -> Triage:
        """What triage should have said."""
        said = {CATEGORY: self.category, PRIORITY: self.priority, SKILLS: self.skills}
        return triage.model_copy(
            update={k: value for k, value in said.items() if value is not None}
        )


def apply_correction(
    correction: Correction, *, actor: Member, seen_version: int | None
) -> Callable[[Ticket, datetime], Ticket]:
    """The ticket as it is with the correction.

    Args:
        seen: the version of the ticket the person was looking at, if they were.
    """

    def corrected(ticket: Ticket, now: datetime) -> Ticket:
        if not workflow.is_visible_to(ticket, actor):
            raise NoSuchTicket
        if ticket.triage is None:
            raise Conflict(f"{ticket.id} is not triaged yet. Please try again in a moment.")
        right = correction.apply_to(ticket.triage)
        why = "; ".join(_describe_changes(ticket.triage, right)) or _CONFIRMED_REASON
        said = ticket.original_triage or ticket.triage
        return workflow.transition(
            ticket,
            Move.CORRECT,
            actor=actor,
            now=now,
            seen_version=seen_version,
            event_reason=why,
            triage=right,
            original_triage=said,
        )

    return corrected


def to_training_example(ticket: Ticket, configuration: Taxonomy) -> TrainingExample | None:
    """What is learnt from a ticket that was corrected, or resolved as triage had it; else None.

    What is in a category that no AI reads is kept from it here, too.
    """
    teaching = {Move.CORRECT, Move.RESOLVE}
    taught = [event for event in ticket.history if event.what in teaching]
    corrected = [event for event in taught if event.what == Move.CORRECT]
    right, said = ticket.triage, ticket.original_triage or ticket.triage
    if right is None or said is None or not taught:
        return None
    last = (corrected or taught)[-1]
    categories = map(configuration.find_category, (right.category, said.category))
    return TrainingExample(
        ticket_id=ticket.id,
        team_id=ticket.team_id,
        text=ticket.text,
        original_triage=said,
        category=right.category,
        priority=right.priority,
        skills=right.skills,
        confidential=ticket.confidential or any(one and one.private for one in categories),
        by=last.who,
        at=taught[-1].at,
    )


def _describe_changes(before: Triage, after: Triage) -> Iterable[str]:
    pairs = {
        CATEGORY: (before.category, after.category),
        PRIORITY: (before.priority.value, after.priority.value),
        SKILLS: (join_names(before.skills), join_names(after.skills)),
    }
    return [f"{name}: {old} → {new}" for name, (old, new) in pairs.items() if old != new]
