"""What an admin arranges: the desk's skills and categories, and what follows from a change of them.

A list is written if nobody has changed it since it was read, else the change is made again on what
it has become: of two admins at once the last one wins, and nothing else is lost. A skill's old name
stays one of its aliases, so that what has not followed yet is still understood.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from models.assignment import Candidate
from models.configuration import DEFAULT, Configuration
from models.database import answering
from models.desk import Desk
from models.documents import Document, configuration_of
from models.errors import DeskError, NoSuchTicket, OutOfTurn
from models.member import Member
from models.skill import Skill, Vocabulary
from models.step import Step
from models.ticket import Status, Ticket
from models.triage import Category, Triage
from models.welcome import Welcome

# Everybody who changes a list at the same moment loses to one of the others at most once each.
_TRIES = 50
_OPEN = [status.value for status in Status if status is not Status.RESOLVED]


async def candidates(desk: Desk, team_id: str) -> tuple[list[Candidate], Configuration]:
    """All who may be offered tickets, with the skills they have by their present names."""
    configuration = await desk.store.configuration(team_id)
    vocabulary = configuration.vocabulary
    held = await desk.workload.of(team_id)
    people = [
        Candidate(
            member=member.model_copy(update={"skills": vocabulary.current(member.skills)}),
            open_tickets=held[member.slack_id],
        )
        for member in await desk.store.moderators(team_id)
    ]
    return people, configuration


def as_listed(ticket: Ticket, vocabulary: Vocabulary) -> Ticket:
    """The ticket with the skills that the desk has now.

    Who triaged it may have read the list before a skill was renamed or removed, and who made the
    tickets follow may have looked before it was triaged.
    """
    return ticket.needing(vocabulary.known(ticket.triage.skills if ticket.triage else ()))


# -- skills --------------------------------------------------------------------------------------


async def add_skills(desk: Desk, by: Member, *names: str) -> None:
    """Add skills by their names; those that the desk has stay as they are."""
    known = await desk.store.configuration(by.team_id)
    for name in names:
        if known.vocabulary.canonical(name) is None:
            await desk.accounts.note(by, "added skill", name)
    await _change(desk, by.team_id, lambda lists: lists.naming(*names))


async def save_skill(desk: Desk, by: Member, name: str | None, skill: Skill) -> None:
    """Change a skill, or add one where no name is given; people who have it keep it.

    Raises:
        OutOfTurn: it is gone, or one of its words is another's.
    """

    def saved(lists: Configuration) -> Configuration:
        return lists.adding(skill) if name is None else lists.changing(name, skill)

    lists = await desk.store.configuration(by.team_id)
    saved(lists)
    before = None if name is None else lists.skill(name)
    was = before.model_dump(mode="json") if before else {}
    is_ = skill.model_dump(mode="json")
    what = "changed skill" if before else "added skill"
    await desk.accounts.note(by, what, name or skill.name, before=was, after=is_)
    await _change(desk, by.team_id, saved)
    if name is not None and name != skill.name:
        await _change_people(desk, by.team_id, name, skill.name)


async def merge_skill(desk: Desk, by: Member, name: str, into: str) -> None:
    """Have all words of a skill stand for another one, which its people have from now on."""

    def merged(lists: Configuration) -> Configuration:
        return lists.merging(name, into)

    lists = await desk.store.configuration(by.team_id)
    merged(lists)
    was = lists.skill(name).model_dump(mode="json")
    await desk.accounts.note(by, "merged skill", name, before=was, after={"into": into})
    await _change(desk, by.team_id, merged)
    await _change_people(desk, by.team_id, name, into)


async def remove_skill(desk: Desk, by: Member, name: str) -> None:
    """Take a skill out of the list, and from those who have it."""
    was = (await desk.store.configuration(by.team_id)).skill(name).model_dump(mode="json")
    was["people"] = await people_with(desk, by.team_id, name)
    await desk.accounts.note(by, "removed skill", name, before=was)
    await _change(desk, by.team_id, lambda lists: lists.removing(name))
    await _change_people(desk, by.team_id, name, None)


async def people_with(desk: Desk, team_id: str, skill: str) -> int:
    """How many people have a skill."""
    async with answering():
        query = {"team_id": team_id, "skills": skill}
        return int(await desk.database.members.count_documents(query))


async def tickets_with(desk: Desk, team_id: str, skill: str) -> list[str]:
    """The ids of the open tickets that need a skill."""
    return await _open_tickets(desk, team_id, {"triage.skills": skill})


async def tickets_follow(desk: Desk, team_id: str, skill: str, to: str | None) -> None:
    """Have open tickets need another skill in place of one, or only not that one any more."""

    def needing(ticket: Ticket) -> Ticket:
        needed = ticket.triage.skills if ticket.triage else ()
        return ticket.needing(_replaced(needed, skill, to))

    await _follow(desk, await tickets_with(desk, team_id, skill), needing)


# -- categories ----------------------------------------------------------------------------------


async def save_category(desk: Desk, by: Member, name: str | None, category: Category) -> None:
    """Change a category, or add one where no name is given.

    Raises:
        OutOfTurn: it is gone, or the name is another's.
    """

    def placed(lists: Configuration) -> Configuration:
        return lists.placing(name, category)

    lists = await desk.store.configuration(by.team_id)
    placed(lists)
    before = lists.category(name) if name else None
    await desk.accounts.note(
        by,
        "changed category" if before else "added category",
        name or category.name,
        before=before.model_dump(mode="json") if before else {},
        after=category.model_dump(mode="json"),
    )
    await _change(desk, by.team_id, placed)


async def remove_category(desk: Desk, by: Member, name: str) -> None:
    """Take a category out of the list; tickets that are in it stay so."""

    def dropped(lists: Configuration) -> Configuration:
        return lists.dropping(name)

    lists = await desk.store.configuration(by.team_id)
    dropped(lists)
    before = lists.category(name)
    was = before.model_dump(mode="json") if before else {}
    await desk.accounts.note(by, "removed category", name, before=was)
    await _change(desk, by.team_id, dropped)


async def category_follows(desk: Desk, team_id: str, name: str, to: str) -> None:
    """Have open tickets of a category be called by its new name."""

    def called(ticket: Ticket) -> Ticket:
        said = (getattr(ticket, part) for part in ("triage", "said"))
        triage, first = (_in_category(one, name, to) for one in said)
        return ticket.model_copy(update={"triage": triage, "said": first})

    tickets = await _open_tickets(desk, team_id, {"triage.category": name})
    await _follow(desk, tickets, called)


# -- who is let in -------------------------------------------------------------------------------


async def save_welcome(desk: Desk, by: Member, changes: dict[str, Any]) -> Welcome:
    """Have the desk serve others than before, from now on, wherever it runs.

    Args:
        changes: by the names in `Welcome`.
    """
    before = await desk.welcomes.of(by.team_id)
    after = before.model_copy(update=changes)
    if after != before:
        was, is_ = before.model_dump(), after.model_dump()
        await desk.accounts.note(by, "changed who is let in", "the desk", before=was, after=is_)
        await desk.welcomes.change(by.team_id, changes)
    return after


# ------------------------------------------------------------------------------------------------


async def _change(desk: Desk, team_id: str, to: Callable[[Configuration], Configuration]) -> None:
    """Read, decide, write what differs if nobody else has written in between, else again."""
    kept = desk.database.configurations
    first = {"$setOnInsert": DEFAULT.model_dump(mode="json") | {"rev": 0}}
    for _ in range(_TRIES):
        async with answering():
            found = await desk.database.upsert("configurations", team_id, first)
        before = configuration_of(found)
        if before is DEFAULT:
            raise DeskError("The desk's lists are damaged, and stay as they are. See the log.")
        was, is_ = (one.model_dump(mode="json") for one in (before, to(before)))
        changed = {part: value for part, value in is_.items() if value != was[part]}
        if not changed:
            return
        rev = found.get("rev")
        write = {"$set": {**changed, "rev": (rev or 0) + 1}}
        async with answering():
            result = await kept.update_one({"_id": team_id, "rev": rev}, write)
        if result.matched_count:
            return
    raise OutOfTurn("Many people are changing the lists at once. Please try again.")


async def _change_people(desk: Desk, team_id: str, skill: str, to: str | None) -> None:
    members = desk.database.members
    having: Document = {"team_id": team_id, "skills": skill}
    async with answering():
        if to is not None:
            both = {"team_id": team_id, "$and": [{"skills": skill}, {"skills": to}]}
            await members.update_many(both, {"$pull": {"skills": skill}})
            change = {"$set": {"skills.$[one]": to}}
            await members.update_many(having, change, array_filters=[{"one": skill}])
        else:
            await members.update_many(having, {"$pull": {"skills": skill}})


def _in_category(said: Triage | None, name: str, to: str) -> Triage | None:
    """What was said, by the category's new name."""
    if said is None or said.category != name:
        return said
    return said.model_copy(update={"category": to})


def _replaced(skills: tuple[str, ...], skill: str, to: str | None) -> tuple[str, ...]:
    named = (to if one == skill else one for one in skills)
    return tuple(dict.fromkeys(one for one in named if one is not None))


async def _open_tickets(desk: Desk, team_id: str, query: Document) -> list[str]:
    query = {"team_id": team_id, "status": {"$in": _OPEN}, **query}
    async with answering():
        return [one["_id"] async for one in desk.database.tickets.find(query, {"_id": 1})]


async def _follow(desk: Desk, tickets: list[str], change: Callable[[Ticket], Ticket]) -> None:
    """Change each ticket, and draw its cards anew; a move that is made meanwhile stays."""

    def changed(ticket: Ticket, now: datetime) -> Ticket:
        after = change(ticket)
        if after == ticket:
            return ticket
        return after.with_stale_cards().asking(Step.REFRESH_CARDS, due=now)

    for ticket_id in tickets:
        with suppress(OutOfTurn, NoSuchTicket):
            await desk.amend(ticket_id, changed)
