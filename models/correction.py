"""A correction: what a moderator says of a ticket in place of what triage said, and its lesson."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from models import flow
from models.configuration import Configuration
from models.errors import InvalidDraft, NoSuchTicket, OutOfTurn
from models.flow import Move
from models.lesson import Lesson
from models.member import Member
from models.ticket import Ticket
from models.triage import Priority, Triage
from models.wording import clip, listed

CATEGORY, PRIORITY, SKILLS = "category", "priority", "skills"
_CONFIRMED = "confirmed as it is"


@dataclass(frozen=True, slots=True)
class Correction:
    """What a ticket is; None where triage had it right."""

    category: str | None = None
    priority: Priority | None = None
    skills: tuple[str, ...] | None = None

    def checked(self, configuration: Configuration, ticket: Ticket) -> "Correction":
        """The same in the desk's own words; the ticket may keep what the desk has no more.

        Raises:
            InvalidDraft: with a sentence for each field that names what the desk does not have.
        """
        before = ticket.triage
        kept_category = before.category if before else None
        found = configuration.category(self.category) if self.category else None
        faults = {}
        if self.category and not found and self.category != kept_category:
            faults[CATEGORY] = "The desk has no such category any more. Please choose another one."
        skills = None if self.skills is None else configuration.vocabulary.current(self.skills)
        known = {*configuration.vocabulary.names, *(before.skills if before else ())}
        if unknown := tuple(skill for skill in skills or () if skill not in known):
            faults[SKILLS] = f"The desk has no skill {clip(listed(unknown), 100)}."
        if faults:
            raise InvalidDraft(faults)
        category = found.name if found else self.category
        return Correction(category=category, priority=self.priority, skills=skills)

    def of(self, triage: Triage) -> Triage:
        """What triage should have said."""
        said = {CATEGORY: self.category, PRIORITY: self.priority, SKILLS: self.skills}
        return triage.model_copy(
            update={k: value for k, value in said.items() if value is not None}
        )


def correcting(
    correction: Correction, *, by: Member, seen: int | None
) -> Callable[[Ticket, datetime], Ticket]:
    """The ticket as it is with the correction.

    Args:
        seen: the version of the ticket the person was looking at, if they were.
    """

    def corrected(ticket: Ticket, now: datetime) -> Ticket:
        if not flow.concerns(ticket, by):
            raise NoSuchTicket
        if ticket.triage is None:
            raise OutOfTurn(f"{ticket.id} is not triaged yet. Please try again in a moment.")
        right = correction.of(ticket.triage)
        why = "; ".join(_changes(ticket.triage, right)) or _CONFIRMED
        said = ticket.said or ticket.triage
        return flow.make(
            ticket, Move.CORRECT, by=by, now=now, seen=seen, why=why, triage=right, said=said
        )

    return corrected


def lesson_of(ticket: Ticket, configuration: Configuration) -> Lesson | None:
    """What is learnt from a ticket that was corrected, or resolved as triage had it; else None.

    What is in a category that no AI reads is kept from it here, too.
    """
    teaching = {Move.CORRECT, Move.RESOLVE}
    taught = [event for event in ticket.history if event.what in teaching]
    corrected = [event for event in taught if event.what == Move.CORRECT]
    right, said = ticket.triage, ticket.said or ticket.triage
    if right is None or said is None or not taught:
        return None
    last = (corrected or taught)[-1]
    categories = map(configuration.category, (right.category, said.category))
    return Lesson(
        ticket_id=ticket.id,
        team_id=ticket.team_id,
        text=ticket.text,
        said=said,
        category=right.category,
        priority=right.priority,
        skills=right.skills,
        confidential=ticket.confidential or any(one and one.private for one in categories),
        by=last.who,
        at=taught[-1].at,
    )


def _changes(was: Triage, is_: Triage) -> Iterable[str]:
    pairs = {
        CATEGORY: (was.category, is_.category),
        PRIORITY: (was.priority.value, is_.priority.value),
        SKILLS: (listed(was.skills), listed(is_.skills)),
    }
    return [f"{name}: {old} → {new}" for name, (old, new) in pairs.items() if old != new]
