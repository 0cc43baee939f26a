"""Who may do what: the whole table, cell by cell, as people would tell it."""

import pytest

from models.people.member import Role
from models.tickets.permissions import Relation, Verb, can, is_permitted
from models.tickets.ticket import Status
from tests.sample_tickets import ADA, BOB, EVE, GRACE, make_member, ticket_in_status

REQUESTER, ASSIGNEE, WATCHER, OTHER = Relation
STAFF = (Role.MODERATOR, Role.ADMIN)
# All that is allowed; a verb that has no line here is allowed to nobody, and a test says so.
ALLOWED = {
    Verb.OPEN: {(role, REQUESTER) for role in Role},
    Verb.VIEW: {
        (Role.USER, REQUESTER),
        (Role.USER, WATCHER),
        *((role, related) for role in STAFF for related in Relation),
    },
    Verb.CLAIM: {(role, related) for role in STAFF for related in (ASSIGNEE, WATCHER, OTHER)},
    Verb.DECLINE: {(role, ASSIGNEE) for role in STAFF},
    Verb.RELEASE: {(role, ASSIGNEE) for role in STAFF},
    Verb.RESOLVE: {(role, ASSIGNEE) for role in STAFF},
    Verb.REOPEN: {
        *((role, REQUESTER) for role in Role),
        *((role, ASSIGNEE) for role in STAFF),
    },
    Verb.WATCH: {(role, related) for role in STAFF for related in Relation},
    Verb.UNWATCH: {
        (Role.USER, WATCHER),
        *((role, related) for role in STAFF for related in Relation),
    },
    Verb.SHARE: {(role, ASSIGNEE) for role in STAFF},
    Verb.CORRECT: {(role, related) for role in STAFF for related in (ASSIGNEE, WATCHER, OTHER)},
    Verb.SELF_RESOLVE: {(role, REQUESTER) for role in Role},
}


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("related", Relation)
def test_each_cell_is_as_people_would_tell_it(verb: Verb, role: Role, related: Relation) -> None:
    assert is_permitted(verb, role, related) == ((role, related) in ALLOWED[verb])


def test_who_is_deactivated_or_of_another_workspace_may_do_nothing() -> None:
    ticket = ticket_in_status(Status.OFFERED)
    gone = BOB.model_copy(update={"active": False})
    elsewhere = BOB.model_copy(update={"team_id": "T2"})

    assert [verb for verb in Verb if can(verb, gone, ticket) or can(verb, elsewhere, ticket)] == []
    assert can(Verb.CLAIM, BOB, ticket)


def test_a_confidential_ticket_is_for_its_people_and_the_trusted() -> None:
    watchers = ("UEVE", "UTRUST")
    ticket = ticket_in_status(Status.OFFERED, confidential=True, watchers=watchers)
    trusted = make_member("UTRUST", Role.MODERATOR, trusted=True)

    seeing = [
        one.slack_id for one in (ADA, BOB, EVE, GRACE, trusted) if can(Verb.VIEW, one, ticket)
    ]
    claiming = [one for one in (EVE, GRACE, trusted) if can(Verb.CLAIM, one, ticket)]

    assert seeing == ["UADA", "UBOB", "UTRUST"]
    assert claiming == [trusted]
