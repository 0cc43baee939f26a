"""The actions table: one row for each thing that people or Frontdesk do with a ticket.

Buttons on cards, the permission page, the API's routes, webhook events, audit names and the test
of every permission are made from these rows. To add an action, add its verb, its row, and for a
button with a form the file with its listener and form.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from models.people.member import Role
from models.tickets.action import Action, CardButton, Relation, Route, TextInput
from models.tickets.pending_step import Step
from models.tickets.ticket import CardKind, Status, Ticket
from models.triage.similarity import MAX_SOLUTION_LENGTH


class Verb(StrEnum):
    """The name of an action, in code, in the API's routes and on the permission page."""

    OPEN = "open"
    VIEW = "view"
    DETAILS = "details"
    CLAIM = "claim"
    DECLINE = "decline"
    RELEASE = "release"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    SELF_RESOLVE = "solve"
    CORRECT = "correct"
    WATCH = "watch"
    UNWATCH = "unwatch"
    SHARE = "share"
    # Only Frontdesk itself does these.
    TRIAGE = "triage"
    RETRIAGE = "retriage"
    OFFER = "offer"
    UNASSIGN = "unassign"
    RESOLVE_WITH_INCIDENT = "resolve_with_incident"


class Button(StrEnum):
    """The buttons on cards; the value is the action id."""

    CLAIM = "claim_ticket"
    DECLINE = "decline_ticket"
    RELEASE = "release_ticket"
    RESOLVE = "resolve_ticket"
    REOPEN = "reopen_ticket"
    UNWATCH = "unwatch_ticket"
    RESOLVE_WITH_NOTE = "resolve_with_note"
    ANSWER_ALL = "answer_all"
    CORRECT = "correct_ticket"
    CHOOSE_LIKELIEST = "choose_likeliest"
    CHOOSE_SECOND = "choose_second"
    DETAILS = "details"


_REQUESTER, _ASSIGNEE, _WATCHER, _OTHER = Relation
_EVERYBODY = frozenset(Relation)
_NOT_REQUESTER = _EVERYBODY - {_REQUESTER}
_FRONTDESK_ONLY: Mapping[Role, frozenset[Relation]] = {}
_MODERATOR_CARD = frozenset({CardKind.MODERATOR})


def _statuses(*statuses: Status) -> frozenset[Status]:
    return frozenset(statuses)


def _staff(
    *relations: Relation, user: frozenset[Relation] = frozenset()
) -> Mapping[Role, frozenset[Relation]]:
    """Moderators and admins in these relations, and users in those."""
    staff = frozenset(relations)
    return {Role.USER: user, Role.MODERATOR: staff, Role.ADMIN: staff}


def _moderator_button(button: Button, label: str, **options: Any) -> CardButton:
    return CardButton(button=button, label=label, cards=_MODERATOR_CARD, **options)


def _move_route(verb: Verb) -> tuple[Route, ...]:
    return (Route("POST", f"/tickets/{{ticket_id}}/{verb}"),)


def _take(ticket: Ticket, actor_id: str) -> dict[str, Any]:
    if ticket.assignee == actor_id:
        return {}
    return {"assignee": actor_id, "reason": "you claimed it"}


def _hand_back(ticket: Ticket, actor_id: str) -> dict[str, Any]:
    return {"assignee": None, "declined_by": _with_person(ticket.declined_by, actor_id)}


def _unassign(ticket: Ticket, _actor_id: str) -> dict[str, Any]:
    return _hand_back(ticket, ticket.assignee or "")


def _resolve(ticket: Ticket, actor_id: str) -> dict[str, Any]:
    return {"resolver": actor_id, "resolve_count": ticket.resolve_count + 1}


def _resolve_with_incident(ticket: Ticket, _actor_id: str) -> dict[str, Any]:
    return {"resolve_count": ticket.resolve_count + 1}


def _reopen(_ticket: Ticket, _actor_id: str) -> dict[str, Any]:
    return {"assignee": None, "declined_by": (), "solution": ""}


def _with_person(slack_ids: tuple[str, ...], slack_id: str) -> tuple[str, ...]:
    return slack_ids if slack_id in slack_ids else (*slack_ids, slack_id)


ACTIONS: Mapping[Verb, Action] = {
    Verb.OPEN: Action(
        description="Open a ticket.",
        event="opened",
        own_audit_name="opened ticket",
        from_statuses=_statuses(Status.NEW),
        to_status=Status.NEW,
        allowed=_staff(_REQUESTER, user=frozenset({_REQUESTER})),
        next_steps=(Step.TRIAGE, Step.DM_REQUESTER),
        routes=(Route("POST", "/tickets"),),
    ),
    Verb.VIEW: Action(
        description="Read the ticket.",
        allowed=_staff(*_EVERYBODY, user=frozenset({_REQUESTER, _WATCHER})),
        routes=(Route("GET", "/tickets/{ticket_id}"),),
    ),
    Verb.CLAIM: Action(
        description="Take an offered ticket.",
        event="claimed",
        from_statuses=_statuses(Status.OFFERED),
        to_status=Status.CLAIMED,
        allowed=_staff(*_NOT_REQUESTER),
        next_steps=(Step.REFRESH_CARDS,),
        effect=_take,
        buttons=(_moderator_button(Button.CLAIM, "Claim", is_primary_for=_ASSIGNEE),),
        routes=_move_route(Verb.CLAIM),
    ),
    Verb.DECLINE: Action(
        description="Refuse an offer; the ticket is offered to the next person.",
        event="declined",
        from_statuses=_statuses(Status.OFFERED),
        to_status=Status.TRIAGED,
        allowed=_staff(_ASSIGNEE),
        next_steps=(Step.ASSIGN, Step.REFRESH_CARDS),
        effect=_hand_back,
        buttons=(_moderator_button(Button.DECLINE, "Decline"),),
        routes=_move_route(Verb.DECLINE),
    ),
    Verb.RESOLVE: Action(
        description="End the work on the ticket. Its requester is asked whether it helped.",
        event="resolved",
        from_statuses=_statuses(Status.CLAIMED),
        to_status=Status.RESOLVED,
        allowed=_staff(_ASSIGNEE),
        next_steps=(Step.ASK_REQUESTER, Step.REFRESH_CARDS, Step.LEARN),
        effect=_resolve,
        buttons=(
            _moderator_button(Button.RESOLVE, "Resolve", is_primary_for=_ASSIGNEE),
            _moderator_button(Button.RESOLVE_WITH_NOTE, "Resolve with a note", opens_form=True),
            _moderator_button(
                Button.ANSWER_ALL,
                "Resolve all",
                is_shown=lambda ticket, _viewer: bool(ticket.reports),
                opens_form=True,
            ),
        ),
        inputs=(
            TextInput(
                "solution",
                MAX_SOLUTION_LENGTH,
                "how it was solved; may be suggested for similar tickets",
            ),
        ),
        routes=_move_route(Verb.RESOLVE),
    ),
    Verb.RELEASE: Action(
        description="Hand the ticket back; it is offered to the next person.",
        event="released",
        from_statuses=_statuses(Status.CLAIMED),
        to_status=Status.TRIAGED,
        allowed=_staff(_ASSIGNEE),
        next_steps=(Step.ASSIGN, Step.REFRESH_CARDS),
        effect=_hand_back,
        buttons=(_moderator_button(Button.RELEASE, "Release"),),
        routes=_move_route(Verb.RELEASE),
    ),
    Verb.REOPEN: Action(
        description="Open a resolved ticket again. Its resolver is asked first.",
        event="reopened",
        from_statuses=_statuses(Status.RESOLVED),
        to_status=Status.TRIAGED,
        allowed=_staff(_REQUESTER, _ASSIGNEE, user=frozenset({_REQUESTER})),
        next_steps=(Step.ASSIGN, Step.REFRESH_CARDS),
        effect=_reopen,
        buttons=(
            CardButton(
                button=Button.REOPEN,
                label="Reopen",
                cards=frozenset({CardKind.RESOLVED, CardKind.MODERATOR}),
                # A moderator does not reopen what the requester has ended.
                is_shown=lambda ticket, viewer: viewer in {ticket.requester, ticket.resolver},
            ),
        ),
        routes=_move_route(Verb.REOPEN),
    ),
    Verb.SELF_RESOLVE: Action(
        description="End one's own ticket, because no help is needed any more.",
        event="solved",
        from_statuses=frozenset(Status) - {Status.RESOLVED},
        to_status=Status.RESOLVED,
        allowed=_staff(_REQUESTER, user=frozenset({_REQUESTER})),
        next_steps=(Step.ASK_REQUESTER, Step.REFRESH_CARDS),
        effect=_resolve,
        routes=_move_route(Verb.SELF_RESOLVE),
    ),
    Verb.CORRECT: Action(
        description="Change category, priority or skills, or confirm that they are right.",
        event="corrected",
        from_statuses=frozenset(Status) - {Status.NEW},
        allowed=_staff(*_NOT_REQUESTER),
        next_steps=(Step.LEARN, Step.REFRESH_CARDS),
        buttons=(
            _moderator_button(
                Button.CORRECT,
                "Edit triage",
                is_shown=lambda ticket, _viewer: ticket.triage is not None,
                opens_form=True,
            ),
            _moderator_button(Button.CHOOSE_LIKELIEST, ""),
            _moderator_button(Button.CHOOSE_SECOND, ""),
        ),
        routes=_move_route(Verb.CORRECT),
    ),
    Verb.DETAILS: Action(
        description="Read the facts behind the triage.",
        allowed=_staff(*_NOT_REQUESTER),
        refusal="The details of a ticket are for moderators and admins. "
        "The card shows who has the ticket and what happens next.",
        buttons=(_moderator_button(Button.DETAILS, "Details", opens_form=True),),
    ),
    Verb.WATCH: Action(
        description="Get a card that follows the ticket.",
        own_audit_name="watched",
        allowed=_staff(*_EVERYBODY),
        refusal="Only moderators can watch tickets. Your own tickets are in your direct messages "
        "with Frontdesk, each with a card that shows its status.",
        routes=_move_route(Verb.WATCH),
    ),
    Verb.UNWATCH: Action(
        description="Stop following the ticket.",
        own_audit_name="stopped watching",
        allowed=_staff(*_EVERYBODY, user=frozenset({_WATCHER})),
        buttons=(
            CardButton(
                button=Button.UNWATCH,
                label="Stop watching",
                cards=frozenset({CardKind.WATCHER}),
            ),
        ),
        routes=_move_route(Verb.UNWATCH),
    ),
    Verb.SHARE: Action(
        description="Add or remove another person as a watcher.",
        allowed=_staff(_ASSIGNEE),
        routes=(
            Route("PUT", "/tickets/{ticket_id}/watchers/{slack_id}"),
            Route("DELETE", "/tickets/{ticket_id}/watchers/{slack_id}"),
        ),
    ),
    Verb.TRIAGE: Action(
        description="Find category, priority and skills.",
        event="triaged",
        from_statuses=_statuses(Status.NEW),
        to_status=Status.TRIAGED,
        allowed=_FRONTDESK_ONLY,
        next_steps=(Step.ASSIGN, Step.REFRESH_CARDS),
    ),
    Verb.RETRIAGE: Action(
        description="Replace a stopgap triage, once Gemini answers again. Nobody gets a message.",
        event="triaged again",
        from_statuses=_statuses(Status.TRIAGED, Status.OFFERED),
        allowed=_FRONTDESK_ONLY,
        next_steps=(Step.REFRESH_CARDS,),
    ),
    Verb.OFFER: Action(
        description="Offer the ticket to the person who fits best.",
        event="offered",
        from_statuses=_statuses(Status.TRIAGED),
        to_status=Status.OFFERED,
        allowed=_FRONTDESK_ONLY,
        next_steps=(Step.DM_ASSIGNEE, Step.EMAIL_ASSIGNEE, Step.REFRESH_CARDS),
    ),
    Verb.UNASSIGN: Action(
        description="Take the ticket from somebody who cannot handle it any more.",
        event="withdrawn",
        from_statuses=_statuses(Status.OFFERED, Status.CLAIMED),
        to_status=Status.TRIAGED,
        allowed=_FRONTDESK_ONLY,
        next_steps=(Step.ASSIGN, Step.REFRESH_CARDS),
        effect=_unassign,
    ),
    Verb.RESOLVE_WITH_INCIDENT: Action(
        description="Resolve the ticket with the answer to another ticket of its incident.",
        event="answered",
        from_statuses=_statuses(Status.TRIAGED, Status.OFFERED, Status.CLAIMED),
        to_status=Status.RESOLVED,
        allowed=_FRONTDESK_ONLY,
        next_steps=(Step.ASK_REQUESTER, Step.REFRESH_CARDS),
        effect=_resolve_with_incident,
    ),
}

MOVE_BY_EVENT: Mapping[str, Verb] = {
    action.event: verb for verb, action in ACTIONS.items() if action.event
}
"""The moves: the verbs that add an event, by the name of their event."""
