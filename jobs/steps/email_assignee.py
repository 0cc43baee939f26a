"""The step that e-mails the assignee about an offered ticket."""

import logging
from datetime import timedelta

from jobs.outbox import smtp
from jobs.outbox.emails import offer_email
from jobs.runner.step_context import StepContext, no_change
from jobs.steps.send_cards import offer_notice_id
from models.errors import OutcomeUnknown
from models.infra.outbound_calls import ExternalService
from models.people.member import Member
from models.ticket_service import TicketService
from models.tickets.pending_step import PendingStep
from models.tickets.permissions import Verb
from models.tickets.ticket import Status, Ticket, TicketUpdate
from models.tickets.workflow import Move

log = logging.getLogger(__name__)


async def email_assignee(
    context: StepContext, ticket: Ticket, leased_step: PendingStep
) -> TicketUpdate:
    """Who it is offered to gets the letter, if there is a mail server and they have an address."""
    service = context.service
    if ticket.status is not Status.OFFERED or not ticket.assignee or not service.settings.smtp_host:
        return no_change
    to = await service.member_with_profile(ticket.team_id, ticket.assignee)
    if not to.email:
        log.info("no letter, since Slack shows no e-mail address of %s", ticket.assignee)
        return no_change
    requester = await service.member_with_profile(ticket.team_id, ticket.requester)
    letter = offer_email(
        ticket,
        notice=offer_notice_id(ticket),
        recipient=to,
        requester=requester,
        sender=service.settings.mail_from,
        links=_email_links(service, ticket, to),
    )
    try:
        async with service.outbound_calls.call(ExternalService.SMTP, "send"):
            await smtp.send(service.settings, letter)
    except OutcomeUnknown:
        # SMTP can't be asked whether it took it. A second copy is sent, a third is not.
        if leased_step.tries == 1:
            raise
        log.warning("the letter %s was sent twice, and may not have arrived", letter["Message-ID"])
    return no_change


def _email_links(service: TicketService, ticket: Ticket, recipient: Member) -> dict[str, str]:
    """What the letter offers to do by a link; the same each time, since it may be sent twice."""
    base = service.settings.public_url
    if not base:
        return {}
    offered = [event.at for event in ticket.history if event.what == Move.OFFER]

    def link(verb: Verb) -> str:
        token = service.email_links.sign(
            recipient,
            ticket_id=ticket.id,
            verb=verb,
            notice_id=offer_notice_id(ticket),
            event_at=offered[-1],
            lifetime=_LINK_LIFETIME,
        )
        return f"{base.rstrip('/')}/link/{token}"

    return {"Claim": link(Verb.CLAIM), "View": link(Verb.VIEW)}


# Long enough for a holiday's mail, and short for a key that lies in an inbox.
_LINK_LIFETIME = timedelta(days=7)
