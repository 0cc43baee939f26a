"""Permissions: every cell of the table, and the rules for confidential tickets."""

import pytest

from models.people.member import Role
from models.tickets.action import Relation
from models.tickets.actions import Verb
from models.tickets.permissions import can, is_permitted
from models.tickets.ticket import Status
from tests.sample_tickets import ADA, BOB, EVE, GRACE, make_member, ticket_in_status

REQUESTER, ASSIGNEE, WATCHER, OTHER = Relation
STAFF = (Role.MODERATOR, Role.ADMIN)
# The expected permissions. The test fails for a verb that has no line here.
ALLOWED = {
    Verb.OPEN: {(role, REQUESTER) for role in Role},
    Verb.VIEW: {
        (Role.USER, REQUESTER),
        (Role.USER, WATCHER),
        *((role, relation) for role in STAFF for relation in Relation),
    },
    Verb.CLAIM: {(role, relation) for role in STAFF for relation in (ASSIGNEE, WATCHER, OTHER)},
    Verb.DECLINE: {(role, ASSIGNEE) for role in STAFF},
    Verb.RELEASE: {(role, ASSIGNEE) for role in STAFF},
    Verb.RESOLVE: {(role, ASSIGNEE) for role in STAFF},
    Verb.REOPEN: {
        *((role, REQUESTER) for role in Role),
        *((role, ASSIGNEE) for role in STAFF),
    },
    Verb.WATCH: {(role, relation) for role in STAFF for relation in Relation},
    Verb.UNWATCH: {
        (Role.USER, WATCHER),
        *((role, relation) for role in STAFF for relation in Relation),
    },
    Verb.SHARE: {(role, ASSIGNEE) for role in STAFF},
    Verb.CORRECT: {(role, relation) for role in STAFF for relation in (ASSIGNEE, WATCHER, OTHER)},
    Verb.DETAILS: {(role, relation) for role in STAFF for relation in (ASSIGNEE, WATCHER, OTHER)},
    Verb.SELF_RESOLVE: {(role, REQUESTER) for role in Role},
    Verb.TRIAGE: set(),
    Verb.RETRIAGE: set(),
    Verb.OFFER: set(),
    Verb.UNASSIGN: set(),
    Verb.RESOLVE_WITH_INCIDENT: set(),
}


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("relation", Relation)
def test_each_cell_is_as_expected(verb: Verb, role: Role, relation: Relation) -> None:
    assert is_permitted(verb, role, relation) == ((role, relation) in ALLOWED[verb])


def test_deactivated_members_and_other_workspaces_may_do_nothing() -> None:
    ticket = ticket_in_status(Status.OFFERED)
    deactivated = BOB.model_copy(update={"active": False})
    outsider = BOB.model_copy(update={"team_id": "T2"})

    for verb in Verb:
        assert not can(verb, deactivated, ticket)
        assert not can(verb, outsider, ticket)
    assert can(Verb.CLAIM, BOB, ticket)


def test_confidential_ticket_is_visible_to_its_people_and_trusted_members() -> None:
    """Eve is a moderator and a watcher and Grace is an admin, but neither is trusted."""
    watchers = ("UEVE", "UTRUST")
    ticket = ticket_in_status(Status.OFFERED, confidential=True, watchers=watchers)
    trusted = make_member("UTRUST", Role.MODERATOR, trusted=True)

    viewers = [
        member.slack_id
        for member in (ADA, BOB, EVE, GRACE, trusted)
        if can(Verb.VIEW, member, ticket)
    ]
    claimers = [member for member in (EVE, GRACE, trusted) if can(Verb.CLAIM, member, ticket)]

    assert viewers == ["UADA", "UBOB", "UTRUST"]
    assert claimers == [trusted]
