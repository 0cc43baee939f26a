"""The access policy: what a person may do with a ticket, and which tickets they may see.

No other module decides this. The rules are the roles and relations in `models.tickets.actions`, and
the rule for confidential tickets below. `docs/permissions.md` shows them, and a test compares the
two.
"""

from typing import Any

from models.errors import NoSuchTicket, NotAllowed
from models.people.member import Member, Role
from models.tickets.action import Relation
from models.tickets.actions import ACTIONS, Verb
from models.tickets.refusals import forbidden_text
from models.tickets.ticket import Ticket

# In these relations a person may see a confidential ticket. Others must be trusted.
_CONFIDENTIAL_RELATIONS = frozenset({Relation.REQUESTER, Relation.ASSIGNEE})
_FILTER_FIELDS = {
    Relation.REQUESTER: "requester",
    Relation.ASSIGNEE: "assignee",
    Relation.WATCHER: "watchers",
}


def relations(slack_id: str, ticket: Ticket) -> frozenset[Relation]:
    """The person's parts in the ticket. A requester has no other part in their own ticket."""
    if slack_id == ticket.requester:
        return frozenset({Relation.REQUESTER})
    parts = {
        Relation.ASSIGNEE: slack_id == ticket.assignee,
        Relation.WATCHER: slack_id in ticket.watchers,
    }
    held = frozenset(part for part, is_held in parts.items() if is_held)
    return held or frozenset({Relation.OTHER})


def is_permitted(verb: Verb, role: Role, relation: Relation) -> bool:
    """Whether the actions table allows this verb for this role and relation."""
    return relation in ACTIONS[verb].allowed.get(role, ())


def can(verb: Verb, member: Member, ticket: Ticket) -> bool:
    """Whether this person may do this with this ticket now.

    Deactivated members, members of other workspaces and guests whom the guest policy excludes may
    do nothing. A confidential ticket is visible to its requester, its assignee and trusted members.
    Being a moderator, an admin or a watcher is not enough. Trust only lifts this restriction, and
    the table still applies: a trusted member with the role `user` sees another person's ticket only
    as its watcher.
    """
    if not member.active or member.refusal or member.team_id != ticket.team_id:
        return False
    return any(
        is_permitted(verb, member.role, relation)
        for relation in relations(member.slack_id, ticket)
        if not ticket.confidential or member.trusted or relation in _CONFIDENTIAL_RELATIONS
    )


def visibility_filter(member: Member) -> dict[str, Any]:
    """The MongoDB query for the tickets of the member's workspace for which `can` allows `VIEW`."""
    if not member.active or member.refusal:
        return {"_id": {"$in": []}}
    conditions = []
    for relation in ACTIONS[Verb.VIEW].allowed[member.role]:
        condition: dict[str, Any] = {}
        if relation in _FILTER_FIELDS:
            condition[_FILTER_FIELDS[relation]] = member.slack_id
        if relation not in _CONFIDENTIAL_RELATIONS and not member.trusted:
            condition["confidential"] = False
        if not condition:
            return {}
        conditions.append(condition)
    return {"$or": conditions}


def check(verb: Verb, member: Member, ticket: Ticket) -> None:
    """Do nothing if this person may do this with this ticket now.

    Raises:
        NoSuchTicket: they may not see it.
        NotAllowed: they may see it, but not do this.
    """
    if not can(Verb.VIEW, member, ticket):
        raise NoSuchTicket
    if not can(verb, member, ticket):
        raise NotAllowed(ACTIONS[verb].refusal or forbidden_text(ticket))
