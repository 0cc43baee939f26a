"""The permission table: which role, in which relation to a ticket, may use which verb.

No other module decides this. `docs/permissions.md` shows the table, and a test compares the two.
"""

from collections.abc import Mapping
from enum import StrEnum

from models.people.member import Member, Role
from models.tickets.ticket import Ticket


class Verb(StrEnum):
    """An action that a person may ask for on a ticket."""

    OPEN = "open"
    VIEW = "view"
    CLAIM = "claim"
    DECLINE = "decline"
    RELEASE = "release"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    WATCH = "watch"
    UNWATCH = "unwatch"
    SHARE = "share"
    CORRECT = "correct"
    SELF_RESOLVE = "solve"


class Relation(StrEnum):
    """A person's part in a ticket."""

    REQUESTER = "requester"
    ASSIGNEE = "assignee"
    WATCHER = "watcher"
    OTHER = "other"


_REQUESTER, _ASSIGNEE, _WATCHER, _OTHER = Relation
_STAFF_PERMISSIONS = {
    Verb.OPEN: {_REQUESTER},
    Verb.VIEW: set(Relation),
    Verb.CLAIM: {_ASSIGNEE, _WATCHER, _OTHER},
    Verb.DECLINE: {_ASSIGNEE},
    Verb.RELEASE: {_ASSIGNEE},
    Verb.RESOLVE: {_ASSIGNEE},
    Verb.REOPEN: {_REQUESTER, _ASSIGNEE},
    Verb.WATCH: set(Relation),
    Verb.UNWATCH: set(Relation),
    Verb.SHARE: {_ASSIGNEE},
    Verb.CORRECT: {_ASSIGNEE, _WATCHER, _OTHER},
    Verb.SELF_RESOLVE: {_REQUESTER},
}
_PERMISSIONS: Mapping[Role, Mapping[Verb, set[Relation]]] = {
    Role.USER: {
        Verb.OPEN: {_REQUESTER},
        Verb.VIEW: {_REQUESTER, _WATCHER},
        Verb.REOPEN: {_REQUESTER},
        Verb.UNWATCH: {_WATCHER},
        Verb.SELF_RESOLVE: {_REQUESTER},
    },
    Role.MODERATOR: _STAFF_PERMISSIONS,
    Role.ADMIN: _STAFF_PERMISSIONS,
}


def relation(member: Member, ticket: Ticket) -> Relation:
    """The person's part in the ticket; the first that fits, in the order of `Relation`."""
    if member.slack_id == ticket.requester:
        return Relation.REQUESTER
    if member.slack_id == ticket.assignee:
        return Relation.ASSIGNEE
    return Relation.WATCHER if member.slack_id in ticket.watchers else Relation.OTHER


def is_permitted(verb: Verb, role: Role, member_relation: Relation) -> bool:
    """Whether the table allows this verb for this role and relation."""
    return member_relation in _PERMISSIONS[role].get(verb, ())


def can(verb: Verb, member: Member, ticket: Ticket) -> bool:
    """Whether this person may do this with this ticket now.

    Deactivated members and members of other workspaces may do nothing. A confidential ticket is
    visible to its requester, its assignee and trusted members. Being a moderator, an admin or a
    watcher is not enough. Trust only lifts this restriction, and the table still applies: a
    trusted member with the role `user` sees another person's ticket only as its watcher.
    """
    member_relation = relation(member, ticket)
    if not member.active or member.team_id != ticket.team_id:
        return False
    is_own = member_relation in {Relation.REQUESTER, Relation.ASSIGNEE}
    if ticket.confidential and not is_own and not member.trusted:
        return False
    return is_permitted(verb, member.role, member_relation)
