"""The pages behind e-mail links: GET shows the ticket, and POST claims it once.

Mail scanners and previews follow every link, so GET changes nothing. POST first checks whether the
claim is allowed: a refused claim does not use up the link. Then it marks the link as used, and only
the first of concurrent requests makes the transition.
"""

import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

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
from models.access.audit_log import AuditLog
from models.access.email_links import EmailLinks
from models.access.jwt import Claims
from models.clock import utc_now
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
from models.people.store import MemberStore
from models.text import local_time
from models.ticket_service import TicketService
from models.ticket_store.store import TicketStore
from models.tickets import workflow
from models.tickets.actions import ACTIONS, Verb
from models.tickets.field import Surface
from models.tickets.fields import ASSIGNEE, REASON, TITLE
from models.tickets.ticket import Status, Ticket
from models.tickets.visible_ticket import TextStyle, VisibleTicket, visible_ticket

LINK_PATH = "/link/{token}"
# A person waits and can press the button again.
_RESPONSE_DEADLINE_SECONDS = 5
_VERSION_PATTERN = re.compile(r"[0-9]{1,9}")
_SINGLE_USE_NOTICE = (
    "Anyone with this link can claim the ticket as you. Do not forward the e-mail. "
    "The link works once."
)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """A verified link with its ticket and its owner.

    Attributes:
        verb: the action of the link.
        member: the owner of the link.
        names_by_id: the names of the people that the page shows, by Slack id.
    """

    claims: Claims
    verb: Verb
    ticket: Ticket
    member: Member
    names_by_id: dict[str, str]

    @property
    def slack_link(self) -> Html:
        return slack_link(self.member.team_id, self.member.dm_channel)

    @property
    def visible(self) -> VisibleTicket:
        """The ticket as the page may show it."""
        return visible_ticket(self.ticket, Surface.LINK_PAGE)

    @property
    def style(self) -> TextStyle:
        names = self.names_by_id
        return TextStyle(
            person=lambda slack_id: names.get(slack_id) or slack_id,
            time=lambda at: local_time(at, self.member.tz),
        )

    def paragraph(self, mrkdwn: str) -> Html:
        return html_element("p", mrkdwn_to_html(mrkdwn, self.names_by_id))

    def refusal(self, error: UserFacingError) -> Html:
        """Why nothing was changed; the reason may name people of a confidential ticket."""
        if self.visible.hides_fields:
            return self.paragraph(f"{self.ticket.id} was not changed. Slack shows its status.")
        return self.paragraph(str(error))

    def check_claimable(self, *, seen_version: int | None) -> None:
        """Raise Conflict or NotAllowed if the member may not claim the ticket now."""
        workflow.transition(
            self.ticket,
            Verb.CLAIM,
            actor=self.member,
            now=utc_now(),
            seen_version=seen_version,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailLinkPages:
    """The request handlers of the link pages."""

    email_links: EmailLinks
    tickets: TicketStore
    members: MemberStore
    ticket_service: TicketService
    audit_log: AuditLog

    def register(self, site: FastAPI) -> None:
        """Add the routes of the link pages."""
        site.add_route(LINK_PATH, self.show_ticket, methods=["GET"])
        site.add_route(LINK_PATH, self.use_link, methods=["POST"])

    async def show_ticket(self, request: Request) -> Response:
        """The page of the ticket, with a button if the link can still be used."""
        return await self._respond(request, self._render_ticket)

    async def use_link(self, request: Request) -> Response:
        """Take the action of the link."""
        seen = request.query_params.get("seen", "")
        version = int(seen) if _VERSION_PATTERN.fullmatch(seen) else None

        async def take_action(opened: OpenedLink) -> Response:
            if opened.verb is Verb.CLAIM:
                return await self._claim(opened, seen_version=version)
            return await self._render_ticket(opened)

        return await self._respond(request, take_action)

    async def _respond(
        self, request: Request, handler: Callable[[OpenedLink], Awaitable[Response]]
    ) -> Response:
        try:
            with deadline(_RESPONSE_DEADLINE_SECONDS):
                opened = await self._open_link(request.path_params["token"])
                with ticket_log_context(opened.ticket.id):
                    return await handler(opened)
        except InvalidToken:
            return _invalid_link_page()
        except NoSuchTicket:
            return _forbidden_page()
        except DatabaseUnavailable as error:
            log.warning("MongoDB does not answer: %r", error.__cause__)
            return _database_unavailable_page()

    async def _open_link(self, token: str) -> OpenedLink:
        claims = self.email_links.verify(token)
        verb, _, ticket_id = claims.scope.partition(":")
        if verb not in {Verb.CLAIM, Verb.VIEW}:
            raise InvalidToken
        member = await self.members.get_or_create_member(claims.team, claims.sub)
        ticket = await self.tickets.get_for(member, ticket_id, Verb.VIEW)
        return OpenedLink(claims, Verb(verb), ticket, member, await self._load_names(ticket))

    async def _load_names(self, ticket: Ticket) -> dict[str, str]:
        people = [
            await self.members.get_or_create_member(ticket.team_id, slack_id)
            for slack_id in visible_ticket(ticket, Surface.LINK_PAGE).people
        ]
        return {person.slack_id: person.name for person in people}

    async def _render_ticket(self, opened: OpenedLink) -> Response:
        if opened.verb is Verb.VIEW:
            return ticket_page(opened)
        if await self.email_links.is_used(opened.claims):
            return link_used_page(opened)
        try:
            opened.check_claimable(seen_version=None)
        except (Conflict, NotAllowed) as error:
            return ticket_page(opened, opened.refusal(error))
        claim = post_button(f"Claim {opened.ticket.id}", url=f"?seen={opened.ticket.state_version}")
        return ticket_page(opened, claim, footer=_SINGLE_USE_NOTICE)

    async def _claim(self, opened: OpenedLink, *, seen_version: int | None) -> Response:
        ticket, member = opened.ticket, opened.member
        if await self.email_links.is_used(opened.claims):
            return link_used_page(opened)
        try:
            opened.check_claimable(seen_version=seen_version)
            if not await self.email_links.use(opened.claims):
                return link_used_page(opened)
            claimed = await self.ticket_service.move(
                ticket.id, Verb.CLAIM, actor=member, seen_version=seen_version
            )
        except (Conflict, NotAllowed) as error:
            return claim_refused_page(opened, error)
        await self.audit_log.record_ticket(
            member, ACTIONS[Verb.CLAIM].audit_name, ticket, claimed, via="link"
        )
        log.info("%s: %s by an e-mail link", ticket.id, Verb.CLAIM)
        hint = html_element(
            "p", "You are the assignee now. Resolve the ticket in Slack, or release it there."
        )
        return html_page(f"You have {ticket.id}", hint, opened.slack_link)


def ticket_page(opened: OpenedLink, *parts: Html, status: int = 200, footer: str = "") -> Response:
    """The page of a ticket; a confidential ticket shows only its number."""
    ticket, visible = opened.ticket, opened.visible
    if visible.hides_fields:
        hidden = html_element("p", "This ticket is confidential. You can read it only in Slack.")
        heading = f"{ticket.id}: confidential ticket"
        return html_page(heading, hidden, *parts, opened.slack_link, status=status, footer=footer)
    is_assignee = visible.get(ASSIGNEE) == opened.member.slack_id
    is_offered = is_assignee and ticket.status is Status.OFFERED
    status_text = "This ticket is offered to you." if is_offered else texts.status_line(visible)
    facts = visible.fact_lines(opened.style, without=() if is_assignee else (REASON,))
    return html_page(
        f"{ticket.id}: {visible.get(TITLE)}",
        opened.paragraph(status_text),
        *parts,
        definition_list(facts),
        *_text_sections(visible),
        opened.slack_link,
        status=status,
        footer=footer,
    )


def _text_sections(visible: VisibleTicket) -> list[Html]:
    return [
        part
        for field, text in visible.texts()
        for part in (html_element("h2", field.label), html_element("p", text, class_="written"))
    ]


def claim_refused_page(opened: OpenedLink, error: UserFacingError) -> Response:
    status = 403 if isinstance(error, NotAllowed) else 409
    heading = f"{opened.ticket.id} was not claimed"
    return html_page(heading, opened.refusal(error), opened.slack_link, status=status)


def link_used_page(opened: OpenedLink) -> Response:
    ticket = opened.ticket
    is_claimed = ticket.assignee == opened.member.slack_id and ticket.status is Status.CLAIMED
    status_text = f"You have {ticket.id}." if is_claimed else texts.status_line(opened.visible)
    hint = html_element("p", "The link works only once. Use Slack for this ticket from now on.")
    return html_page(
        "This link has been used",
        opened.paragraph(status_text),
        hint,
        opened.slack_link,
        status=410,
    )


def _invalid_link_page() -> Response:
    reason = html_element(
        "p", "The link may have expired, or the mail program may have cut it off."
    )
    hint = html_element("p", "Nothing is lost: the ticket is in Slack.")
    return html_page(
        "This link does not work any more", reason, hint, slack_link("", None), status=404
    )


def _forbidden_page() -> Response:
    reason = html_element(
        "p", "You may not see this ticket any more. Ask a Frontdesk admin for the reason."
    )
    return html_page("You have no access to this ticket", reason, slack_link("", None), status=403)


def _database_unavailable_page() -> Response:
    hint = html_element(
        "p",
        "If you pressed the button, the ticket may already be yours. "
        "Look at the ticket in Slack, or try again in a minute.",
    )
    return html_page("Frontdesk's database does not answer", hint, slack_link("", None), status=503)
