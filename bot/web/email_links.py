"""The links in letters: looking changes nothing, a button does the one thing, once.

Mail scanners and previews follow every link they see, so a GET only shows the ticket, and a POST
claims it. Whether the claim is legal is looked at first: a link that could do nothing is not used
up by it, and may do it later. Then the link is used up, and only who was the first makes the move.
"""

import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import FastAPI, Request, Response

from bot.web.pages import (
    Html,
    definition_list,
    html_element,
    html_page,
    mrkdwn_to_html,
    post_button,
    slack_link,
)
from models.access.jwt import Claims
from models.errors import (
    Conflict,
    DatabaseUnavailable,
    InvalidToken,
    NoSuchTicket,
    NotAllowed,
    UserFacingError,
)
from models.infra.database import deadline
from models.infra.logs import ticket_log_context
from models.messages import texts
from models.people.member import Member
from models.ticket_service import TicketService
from models.tickets import workflow
from models.tickets.permissions import Verb, can
from models.tickets.ticket import Status, Ticket
from models.tickets.workflow import Move

LINK_PATH = "/link/{token}"
# A person waits, who may press again.
_RESPONSE_DEADLINE_SECONDS = 5
_VERSION_PATTERN = re.compile(r"[0-9]{1,9}")
_SINGLE_USE_NOTICE = "This link works once, for you alone: please don't forward the e-mail."
log = logging.getLogger(__name__)


class _LinkForbidden(Exception):
    """The link opens nothing for this person now."""


@dataclass(frozen=True, slots=True)
class _OpenedLink:
    """What a link leads to, at this moment.

    Attributes:
        people: whom the ticket speaks of, by Slack id.
    """

    claims: Claims
    verb: Verb
    ticket: Ticket
    member: Member
    opened_at: datetime
    people_by_id: dict[str, Member]

    @property
    def slack_link(self) -> Html:
        return slack_link(self.member.team_id, self.member.dm_channel)

    def paragraph(self, mrkdwn: str) -> Html:
        names = {slack_id: person.name for slack_id, person in self.people_by_id.items()}
        return html_element("p", mrkdwn_to_html(mrkdwn, names))

    def check_claimable(self, *, seen_version: int | None) -> None:
        """Raise OutOfTurn or NotAllowed unless the person may claim the ticket as it is now."""
        workflow.transition(
            self.ticket,
            Move.CLAIM,
            actor=self.member,
            now=self.opened_at,
            seen_version=seen_version,
        )


class EmailLinkPages:
    """What follows from opening a link, and from the button behind it."""

    def __init__(self, service: TicketService) -> None:
        self._service = service

    def register(self, site: FastAPI) -> None:
        """Answer at the address that letters name."""
        site.add_route(LINK_PATH, self.show_ticket, methods=["GET"])
        site.add_route(LINK_PATH, self.use_link, methods=["POST"])

    async def show_ticket(self, request: Request) -> Response:
        """The ticket, and the button if there is something to do; changes nothing."""
        return await self._respond(request, self._render_ticket)

    async def use_link(self, request: Request) -> Response:
        """Do what the link is for."""
        seen = request.query_params.get("seen", "")
        version = int(seen) if _VERSION_PATTERN.fullmatch(seen) else None

        async def used(opened: _OpenedLink) -> Response:
            if opened.verb is Verb.CLAIM:
                return await self._claim(opened, seen_version=version)
            return await self._render_ticket(opened)

        return await self._respond(request, used)

    async def _respond(
        self, request: Request, handler: Callable[[_OpenedLink], Awaitable[Response]]
    ) -> Response:
        try:
            with deadline(_RESPONSE_DEADLINE_SECONDS):
                opened = await self._open_link(request.path_params["token"])
                with ticket_log_context(opened.ticket.id):
                    return await handler(opened)
        except (InvalidToken, NoSuchTicket):
            return _invalid_link_page()
        except _LinkForbidden:
            return _forbidden_page()
        except DatabaseUnavailable as away:
            log.warning("the database did not answer: %r", away.__cause__)
            return _database_unavailable_page()

    async def _open_link(self, token: str) -> _OpenedLink:
        claims = self._service.email_links.verify(token)
        verb, _, ticket_id = claims.scope.partition(":")
        if verb not in {Verb.CLAIM, Verb.VIEW}:
            raise InvalidToken
        ticket, at = await self._service.tickets.get_ticket(ticket_id)
        member = await self._service.members.get_or_create_member(claims.team, claims.sub)
        if not can(Verb.VIEW, member, ticket):
            raise _LinkForbidden
        return _OpenedLink(claims, Verb(verb), ticket, member, at, await self._load_people(ticket))

    async def _load_people(self, ticket: Ticket) -> dict[str, Member]:
        ids = {ticket.requester, ticket.assignee, ticket.resolver} - {None}
        people = [
            await self._service.members.get_or_create_member(ticket.team_id, str(one))
            for one in ids
        ]
        return {person.slack_id: person for person in people}

    async def _render_ticket(self, opened: _OpenedLink) -> Response:
        if opened.verb is Verb.VIEW:
            return _ticket_page(opened)
        if await self._service.email_links.is_used(opened.claims):
            return _link_used_page(opened)
        try:
            opened.check_claimable(seen_version=None)
        except (Conflict, NotAllowed) as refused:
            return _ticket_page(opened, opened.paragraph(str(refused)))
        claim = post_button(f"Claim {opened.ticket.id}", url=f"?seen={opened.ticket.version}")
        return _ticket_page(opened, claim, footer=_SINGLE_USE_NOTICE)

    async def _claim(self, opened: _OpenedLink, *, seen_version: int | None) -> Response:
        service, ticket, member = self._service, opened.ticket, opened.member
        if await service.email_links.is_used(opened.claims):
            return _link_used_page(opened)
        try:
            opened.check_claimable(seen_version=seen_version)
            if not await service.email_links.use(opened.claims):
                return _link_used_page(opened)
            claimed = await service.move(
                ticket.id, Move.CLAIM, actor=member, seen_version=seen_version
            )
        except (Conflict, NotAllowed) as refused:
            return _claim_refused_page(opened, refused)
        await service.audit_log.record_ticket(member, Move.CLAIM.value, ticket, claimed, via="link")
        log.info("%s: %s by a link", ticket.id, Move.CLAIM)
        done = html_element(
            "p", "It is yours. Resolve it in Slack when it is done, or release it there."
        )
        return html_page(f"You have {ticket.id}", done, opened.slack_link)


def _ticket_page(
    opened: _OpenedLink, *parts: Html, status: int = 200, footer: str = ""
) -> Response:
    """The ticket as it stands; of a confidential one the number alone."""
    ticket, member = opened.ticket, opened.member
    if ticket.confidential:
        hidden = html_element(
            "p", "This ticket is confidential: what it says stands only in Slack."
        )
        heading = f"{ticket.id}: confidential ticket"
        return html_page(heading, hidden, *parts, opened.slack_link, status=status, footer=footer)
    known = texts.ticket_facts(
        ticket, reader=member, requester=opened.people_by_id[ticket.requester]
    )
    mine = ticket.assignee == member.slack_id
    offered = mine and ticket.status is Status.OFFERED
    stands = "It is offered to you." if offered else texts.status_line(ticket)
    known |= {"Why you": ticket.reason} if mine and ticket.reason else {}
    return html_page(
        f"{ticket.id}: {ticket.title}",
        opened.paragraph(stands),
        *parts,
        definition_list(known),
        *_text_sections(ticket),
        opened.slack_link,
        status=status,
        footer=footer,
    )


def _text_sections(ticket: Ticket) -> list[Html]:
    """What the requester and the triage have written."""
    told = {"Summary": ticket.triage.summary if ticket.triage else ""}
    told["What they wrote"] = ticket.text
    told["Notes"] = ticket.triage.notes if ticket.triage else ""
    return [
        part
        for name, text in told.items()
        if text
        for part in (html_element("h2", name), html_element("p", text, class_="written"))
    ]


def _claim_refused_page(opened: _OpenedLink, error: UserFacingError) -> Response:
    status = 403 if isinstance(error, NotAllowed) else 409
    heading = f"{opened.ticket.id} was not claimed"
    return html_page(heading, opened.paragraph(str(error)), opened.slack_link, status=status)


def _link_used_page(opened: _OpenedLink) -> Response:
    ticket = opened.ticket
    mine = ticket.assignee == opened.member.slack_id and ticket.status is Status.CLAIMED
    stands = f"You have {ticket.id}." if mine else texts.status_line(ticket)
    used = html_element("p", "It works only once. Everything else about the ticket is in Slack.")
    return html_page(
        "This link has been used", opened.paragraph(stands), used, opened.slack_link, status=410
    )


def _invalid_link_page() -> Response:
    why = html_element(
        "p", "It may have expired, or may have been cut off on its way through the mail."
    )
    go_on = html_element("p", "Nothing is lost: the ticket waits for you in Slack.")
    return html_page(
        "This link does not work any more", why, go_on, slack_link("", None), status=404
    )


def _forbidden_page() -> Response:
    why = html_element(
        "p", "You can't see this ticket any more. An admin of the desk can tell you why."
    )
    return html_page("This link is not for you now", why, slack_link("", None), status=403)


def _database_unavailable_page() -> Response:
    why = html_element("p", "Please look in Slack whether it is done, or try again in a minute.")
    return html_page("The desk's database does not answer", why, slack_link("", None), status=503)
