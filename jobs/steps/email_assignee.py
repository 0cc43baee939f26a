"""The step that e-mails the assignee about an offered ticket."""

import logging
from datetime import timedelta

from jobs.outbox import smtp
from jobs.outbox.emails import offer_email
from jobs.runner.step_function import no_change
from jobs.steps.send_cards import offer_notice_id
from models.access.directory_sync import DirectorySync
from models.access.email_links import EmailLinks
from models.errors import OutcomeUnknown
from models.infra.outbound_calls import ExternalService, OutboundCalls
from models.people.member import Member
from models.settings import Settings
from models.ticket_store.event_log import EventLog
from models.tickets.actions import ACTIONS, Verb
from models.tickets.field import Surface
from models.tickets.pending_step import PendingStep, Step
from models.tickets.permissions import can
from models.tickets.ticket import Status, Ticket, TicketUpdate
from models.tickets.visible_ticket import visible_ticket

# Long enough for a short holiday, and short because anyone with the e-mail can use the link.
_LINK_LIFETIME = timedelta(days=7)
log = logging.getLogger(__name__)


async def email_assignee(
    ticket: Ticket,
    leased_step: PendingStep,
    *,
    settings: Settings,
    outbound_calls: OutboundCalls,
    event_log: EventLog,
    email_links: EmailLinks,
    directory: DirectorySync,
) -> TicketUpdate:
    """E-mail the offer to the assignee, if there is a mail server and an address."""
    if ticket.status is not Status.OFFERED or not ticket.assignee or not settings.smtp_host:
        return no_change
    recipient = await directory.member_with_profile(ticket.team_id, ticket.assignee)
    # The profile may say that they are a guest by now.
    if not can(Verb.CLAIM, recipient, ticket):
        log.info("the worker sends no e-mail: %s may not claim the ticket", ticket.assignee)
        return no_change
    if not recipient.email:
        log.info("%s: the worker sends no e-mail: the assignee has no address in Slack", ticket.id)
        return no_change
    people = [
        await directory.member_with_profile(ticket.team_id, slack_id)
        for slack_id in visible_ticket(ticket, Surface.EMAIL).people
    ]
    email = offer_email(
        ticket,
        notice=offer_notice_id(ticket),
        recipient=recipient,
        names_by_id={person.slack_id: person.name for person in people},
        sender=settings.mail_from,
        links=await _email_links(
            ticket, recipient, settings=settings, event_log=event_log, email_links=email_links
        ),
    )
    try:
        async with outbound_calls.call(ExternalService.SMTP, "send"):
            await smtp.send(settings, email)
    except OutcomeUnknown:
        # SMTP cannot be asked whether an e-mail arrived. So it is resent at most once.
        if leased_step.tries == 1:
            raise
        log.warning(
            "the worker sent the e-mail %s twice; it may not have arrived", email["Message-ID"]
        )
    return no_change


async def _email_links(
    ticket: Ticket,
    recipient: Member,
    *,
    settings: Settings,
    event_log: EventLog,
    email_links: EmailLinks,
) -> dict[str, str]:
    """The links in the e-mail, by label. A second copy of the e-mail has the same links."""
    base_url = settings.public_url
    offer = await event_log.last_event(ticket, ACTIONS[Verb.OFFER].event)
    if not base_url or offer is None:
        return {}

    def link(verb: Verb) -> str:
        token = email_links.sign(
            recipient,
            ticket_id=ticket.id,
            verb=verb,
            notice_id=offer_notice_id(ticket),
            event_at=offer.at,
            lifetime=_LINK_LIFETIME,
        )
        return f"{base_url.rstrip('/')}/link/{token}"

    return {"Claim": link(Verb.CLAIM), "View": link(Verb.VIEW)}


STEPS = {Step.EMAIL_ASSIGNEE: email_assignee}
