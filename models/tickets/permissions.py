"""Who may do what with a ticket: verb by role by relation to it. Nothing else decides that.

`docs/permissions.md` shows the table; a test keeps it so.
"""

from collections.abc import Mapping
from enum import StrEnum

from models.people.member import Member, Role
from models.tickets.ticket import Ticket


class Verb(StrEnum):
    """What somebody may want to do with a ticket."""

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
    """What somebody is to a ticket."""

    REQUESTER = "requester"
    ASSIGNEE = "assignee"
    WATCHER = "watcher"
    OTHER = "nobody in particular"


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
    """What a person is to a ticket; who asked is the requester, whatever else they are."""
    if member.slack_id == ticket.requester:
        return Relation.REQUESTER
    if member.slack_id == ticket.assignee:
        return Relation.ASSIGNEE
    return Relation.WATCHER if member.slack_id in ticket.watchers else Relation.OTHER


def is_permitted(verb: Verb, role: Role, member_relation: Relation) -> bool:
    """Whether the table has this cell."""
    return member_relation in _PERMISSIONS[role].get(verb, ())


def can(verb: Verb, member: Member, ticket: Ticket) -> bool:
    """Whether this person may do that with this ticket, now.

    Who is deactivated may do nothing. A confidential ticket is for who asked, who has it, and
    those who are trusted with such tickets, whatever their role, and whoever watches it.
    """
    related = relation(member, ticket)
    if not member.active or member.team_id != ticket.team_id:
        return False
    own = related in {Relation.REQUESTER, Relation.ASSIGNEE}
    if ticket.confidential and not own and not member.trusted:
        return False
    return is_permitted(verb, member.role, related)
