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

from bot.pages import Html, button, facts, in_slack, page, sentence, tag
from models import flow, wording
from models.database import all_within
from models.desk import Desk
from models.errors import DeskError, NoSuchTicket, NoSuchToken, NotAllowed, OutOfTurn, Unavailable
from models.flow import Move
from models.logs import about
from models.member import Member
from models.permissions import Verb, may
from models.ticket import Status, Ticket
from models.tokens import Claims

PATH = "/link/{token}"
# A person waits, who may press again.
_ANSWER_SECONDS = 5
_VERSION = re.compile(r"[0-9]{1,9}")
_ONCE = "This link works once, for you alone: please don't forward the e-mail."
log = logging.getLogger(__name__)


class _KeptOut(Exception):
    """The link opens nothing for this person now."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """What a link leads to, at this moment.

    Attributes:
        people: whom the ticket speaks of, by Slack id.
    """

    claims: Claims
    verb: Verb
    ticket: Ticket
    member: Member
    at: datetime
    people: dict[str, Member]

    @property
    def slack(self) -> Html:
        return in_slack(self.member.team_id, self.member.dm_channel)

    def says(self, mrkdwn: str) -> Html:
        names = {slack_id: person.name for slack_id, person in self.people.items()}
        return tag("p", sentence(mrkdwn, names))

    def claimed(self, *, seen: int | None) -> None:
        """Raise OutOfTurn or NotAllowed unless the person may claim the ticket as it is now."""
        flow.make(self.ticket, Move.CLAIM, by=self.member, now=self.at, seen=seen)


class Links:
    """What follows from opening a link, and from the button behind it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def register(self, site: FastAPI) -> None:
        """Answer at the address that letters name."""
        site.add_route(PATH, self.show, methods=["GET"])
        site.add_route(PATH, self.use, methods=["POST"])

    async def show(self, request: Request) -> Response:
        """The ticket, and the button if there is something to do; changes nothing."""
        return await self._answered(request, self._shown)

    async def use(self, request: Request) -> Response:
        """Do what the link is for."""
        seen = request.query_params.get("seen", "")
        version = int(seen) if _VERSION.fullmatch(seen) else None

        async def used(opened: _Opened) -> Response:
            if opened.verb is Verb.CLAIM:
                return await self._claim(opened, seen=version)
            return await self._shown(opened)

        return await self._answered(request, used)

    async def _answered(
        self, request: Request, answer: Callable[[_Opened], Awaitable[Response]]
    ) -> Response:
        try:
            with all_within(_ANSWER_SECONDS):
                opened = await self._opened(request.path_params["token"])
                with about(opened.ticket.id):
                    return await answer(opened)
        except (NoSuchToken, NoSuchTicket):
            return _no_such_link()
        except _KeptOut:
            return _not_for_you()
        except Unavailable as away:
            log.warning("the database did not answer: %r", away.__cause__)
            return _unsure()

    async def _opened(self, token: str) -> _Opened:
        claims = self._desk.accounts.read_link(token)
        verb, _, ticket_id = claims.scope.partition(":")
        if verb not in {Verb.CLAIM, Verb.VIEW}:
            raise NoSuchToken
        ticket, at = await self._desk.store.ticket(ticket_id)
        member = await self._desk.store.member(claims.team, claims.sub)
        if not may(Verb.VIEW, member, ticket):
            raise _KeptOut
        return _Opened(claims, Verb(verb), ticket, member, at, await self._people(ticket))

    async def _people(self, ticket: Ticket) -> dict[str, Member]:
        ids = {ticket.requester, ticket.assignee, ticket.resolver} - {None}
        people = [await self._desk.store.member(ticket.team_id, str(one)) for one in ids]
        return {person.slack_id: person for person in people}

    async def _shown(self, opened: _Opened) -> Response:
        if opened.verb is Verb.VIEW:
            return _ticket_page(opened)
        if await self._desk.accounts.is_used(opened.claims):
            return _used(opened)
        try:
            opened.claimed(seen=None)
        except (OutOfTurn, NotAllowed) as refused:
            return _ticket_page(opened, opened.says(str(refused)))
        claim = button(f"Claim {opened.ticket.id}", to=f"?seen={opened.ticket.version}")
        return _ticket_page(opened, claim, footer=_ONCE)

    async def _claim(self, opened: _Opened, *, seen: int | None) -> Response:
        desk, ticket, member = self._desk, opened.ticket, opened.member
        if await desk.accounts.is_used(opened.claims):
            return _used(opened)
        try:
            opened.claimed(seen=seen)
            if not await desk.accounts.use_link(opened.claims):
                return _used(opened)
            claimed = await desk.move(ticket.id, Move.CLAIM, by=member, seen=seen)
        except (OutOfTurn, NotAllowed) as refused:
            return _refused(opened, refused)
        await desk.accounts.note_ticket(member, Move.CLAIM.value, ticket, claimed, via="link")
        log.info("%s: %s by a link", ticket.id, Move.CLAIM)
        done = tag("p", "It is yours. Resolve it in Slack when it is done, or release it there.")
        return page(f"You have {ticket.id}", done, opened.slack)


def _ticket_page(opened: _Opened, *parts: Html, status: int = 200, footer: str = "") -> Response:
    """The ticket as it stands; of a confidential one the number alone."""
    ticket, member = opened.ticket, opened.member
    if ticket.confidential:
        hidden = tag("p", "This ticket is confidential: what it says stands only in Slack.")
        heading = f"{ticket.id}: confidential ticket"
        return page(heading, hidden, *parts, opened.slack, status=status, footer=footer)
    known = wording.facts(ticket, reader=member, requester=opened.people[ticket.requester])
    mine = ticket.assignee == member.slack_id
    offered = mine and ticket.status is Status.OFFERED
    stands = "It is offered to you." if offered else wording.status_line(ticket)
    known |= {"Why you": ticket.reason} if mine and ticket.reason else {}
    return page(
        f"{ticket.id}: {ticket.title}",
        opened.says(stands),
        *parts,
        facts(known),
        *_written(ticket),
        opened.slack,
        status=status,
        footer=footer,
    )


def _written(ticket: Ticket) -> list[Html]:
    """What the requester and the triage have written."""
    told = {"Summary": ticket.triage.summary if ticket.triage else ""}
    told["What they wrote"] = ticket.text
    told["Notes"] = ticket.triage.notes if ticket.triage else ""
    return [
        part
        for name, text in told.items()
        if text
        for part in (tag("h2", name), tag("p", text, class_="written"))
    ]


def _refused(opened: _Opened, refused: DeskError) -> Response:
    status = 403 if isinstance(refused, NotAllowed) else 409
    heading = f"{opened.ticket.id} was not claimed"
    return page(heading, opened.says(str(refused)), opened.slack, status=status)


def _used(opened: _Opened) -> Response:
    ticket = opened.ticket
    mine = ticket.assignee == opened.member.slack_id and ticket.status is Status.CLAIMED
    stands = f"You have {ticket.id}." if mine else wording.status_line(ticket)
    used = tag("p", "It works only once. Everything else about the ticket is in Slack.")
    return page("This link has been used", opened.says(stands), used, opened.slack, status=410)


def _no_such_link() -> Response:
    why = tag("p", "It may have expired, or may have been cut off on its way through the mail.")
    go_on = tag("p", "Nothing is lost: the ticket waits for you in Slack.")
    return page("This link does not work any more", why, go_on, in_slack("", None), status=404)


def _not_for_you() -> Response:
    why = tag("p", "You can't see this ticket any more. An admin of the desk can tell you why.")
    return page("This link is not for you now", why, in_slack("", None), status=403)


def _unsure() -> Response:
    why = tag("p", "Please look in Slack whether it is done, or try again in a minute.")
    return page("The desk's database does not answer", why, in_slack("", None), status=503)
