"""The e-mails: subject, plain text and HTML, with the same facts as the card in Slack."""

from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape

from models.clock import utc_now
from models.messages.texts import ticket_facts
from models.people.member import Member
from models.text import clip
from models.tickets.ticket import Ticket

MAX_SUBJECT_LENGTH = 120
_HTML_TEMPLATE = """\
<!doctype html>
<html lang="en"><body style="font-family: sans-serif; color: #1d1c1d; max-width: 40em">
<h2 style="margin-bottom: 0">{heading}</h2>
<p>{lead}</p>
{links}
<table cellpadding="4">{rows}</table>
{sections}
<p style="color: #616061">{closing}</p>
</body></html>
"""
_INTRODUCTION = (
    "This ticket is offered to you. Claim or decline it in Slack, in your messages with Frontdesk."
)
_LINK_TEMPLATE = (
    '<a href="{url}" target="_blank" rel="noopener noreferrer" style="display: inline-block; '
    "padding: 10px 20px; margin: 0 8px 8px 0; border: 1px solid #0b5c8a; border-radius: 6px; "
    'color: #0b5c8a; font-weight: bold; text-decoration: none">{word}</a>'
)
_FOOTER = "You get this because you are a moderator of the help desk."
_CONFIDENTIAL_NOTE = "The ticket is confidential: what it says stands only in Slack."


def offer_email(
    ticket: Ticket,
    *,
    notice: str,
    recipient: Member,
    requester: Member,
    sender: str,
    links: Mapping[str, str],
) -> EmailMessage:
    """The letter that offers a ticket to a moderator.

    Args:
        notice: the id of what they are told; the same notice has the same Message-ID.
        to: the moderator; must have an e-mail address.
        sender: the address it comes from, with or without a name.
        links: what the moderator can do by following which address.
    """
    heading = f"{ticket.id}: {_subject(ticket)}"
    known = _ticket_facts(ticket, recipient=recipient, requester=requester)
    sections = _sections(ticket)
    letter = EmailMessage(policy=SMTP)
    letter["Subject"] = clip(heading, MAX_SUBJECT_LENGTH)
    letter["From"] = sender
    letter["To"] = Address(
        display_name=_to_header_text(recipient.name), addr_spec=recipient.email or ""
    )
    letter["Date"] = format_datetime(utc_now())
    letter["Message-ID"] = (
        f"<{notice}.{int(ticket.opened_at.timestamp())}@{_sender_domain(sender)}>"
    )
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(_plain_body(heading, known, sections, links), cte="quoted-printable")
    html = _html_body(heading, known, sections, links)
    letter.add_alternative(html, subtype="html", cte="quoted-printable")
    return letter


def _subject(ticket: Ticket) -> str:
    return "confidential ticket" if ticket.confidential else _to_header_text(ticket.title)


def _ticket_facts(ticket: Ticket, *, recipient: Member, requester: Member) -> dict[str, str]:
    known = ticket_facts(ticket, reader=recipient, requester=requester)
    known["Requester"] = _to_header_text(known["Requester"])
    return known | {"Why you": ticket.reason}


def _sections(ticket: Ticket) -> dict[str, str]:
    if ticket.confidential:
        return {"Confidential": _CONFIDENTIAL_NOTE}
    told = {"Summary": ticket.triage.summary if ticket.triage else ""}
    told["What they wrote"] = ticket.text
    told["Notes"] = ticket.triage.notes if ticket.triage else ""
    return {name: text for name, text in told.items() if text}


def _plain_body(
    heading: str, ticket_facts: dict[str, str], sections: dict[str, str], links: Mapping[str, str]
) -> str:
    lines = [heading, "", _INTRODUCTION, ""]
    if links:
        lines += [*(f"{word}: {url}" for word, url in links.items()), ""]
    lines += [f"{name}: {value}" for name, value in ticket_facts.items()]
    for name, text in sections.items():
        lines += ["", f"{name}:", text]
    return "\n".join([*lines, "", _FOOTER, ""])


def _html_body(
    heading: str, ticket_facts: dict[str, str], sections: dict[str, str], links: Mapping[str, str]
) -> str:
    rows = "".join(
        f'<tr><th align="left">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in ticket_facts.items()
    )
    told = "".join(
        f'<h3>{escape(name)}</h3><p style="white-space: pre-wrap">{escape(text)}</p>'
        for name, text in sections.items()
    )
    ways = "".join(
        _LINK_TEMPLATE.format(url=escape(url), word=escape(w)) for w, url in links.items()
    )
    return _HTML_TEMPLATE.format(
        heading=escape(heading),
        lead=_INTRODUCTION,
        links=f"<p>{ways}</p>" if ways else "",
        rows=rows,
        sections=told,
        closing=_FOOTER,
    )


def _to_header_text(text: str) -> str:
    """Text fit for a header: no line ends, no control characters, no encoded words.

    Before Python 3.13 the email package decodes "=?utf-8?q?=0D=0A…" where it writes a header, and
    the line end in it begins a header of the writer's choice.
    """
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.replace("=?", "= ?").split())


def _sender_domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2] or "localhost"
