"""The e-mail that offers a ticket: subject, plain text and HTML, with the facts of the card."""

from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape

from models.clock import utc_now
from models.people.member import Member
from models.text import clip, local_time
from models.tickets.field import Surface
from models.tickets.fields import TITLE
from models.tickets.ticket import Ticket
from models.tickets.visible_ticket import TextStyle, VisibleTicket, visible_ticket

MAX_SUBJECT_LENGTH = 120
_HTML_TEMPLATE = """\
<!doctype html>
<html lang="en"><body style="font-family: sans-serif; color: #1d1c1d; max-width: 40em">
<h2 style="margin-bottom: 0">{heading}</h2>
<p>{lead}</p>
{links}
{facts}
{sections}
<p style="color: #616061">{closing}</p>
</body></html>
"""
_INTRODUCTION = (
    "This ticket is offered to you. Claim or decline it in your direct messages with Frontdesk."
)
_LINK_TEMPLATE = (
    '<a href="{url}" target="_blank" rel="noopener noreferrer" style="display: inline-block; '
    "padding: 10px 20px; margin: 0 8px 8px 0; border: 1px solid #0b5c8a; border-radius: 6px; "
    'color: #0b5c8a; font-weight: bold; text-decoration: none">{label}</a>'
)
_FOOTER = "You get this e-mail because Frontdesk offered you this ticket."
_CONFIDENTIAL_INTRODUCTION = (
    "This ticket is offered to you. It is confidential: read it in your direct messages with "
    "Frontdesk."
)


def offer_email(
    ticket: Ticket,
    *,
    notice: str,
    recipient: Member,
    names_by_id: Mapping[str, str],
    sender: str,
    links: Mapping[str, str],
) -> EmailMessage:
    """The e-mail that offers a ticket to a moderator.

    Args:
        notice: the notice id; the same notice has the same Message-ID.
        recipient: the moderator, who must have an e-mail address.
        names_by_id: the names of the people that the e-mail shows, by Slack id.
        sender: the From address, with or without a name.
        links: the address behind each action label.
    """
    visible = visible_ticket(ticket, Surface.EMAIL)
    heading = f"{ticket.id}: {_to_header_text(visible.get(TITLE) or 'confidential ticket')}"
    facts = _ticket_facts(visible, recipient=recipient, names_by_id=names_by_id)
    sections = {field.label: text for field, text in visible.texts()}
    introduction = _CONFIDENTIAL_INTRODUCTION if visible.hides_fields else _INTRODUCTION
    content = (heading, introduction, facts, sections, links)
    email = EmailMessage(policy=SMTP)
    email["Subject"] = clip(heading, MAX_SUBJECT_LENGTH)
    email["From"] = sender
    email["To"] = Address(
        display_name=_to_header_text(recipient.name), addr_spec=recipient.email or ""
    )
    email["Date"] = format_datetime(utc_now())
    email["Message-ID"] = f"<{notice}.{int(ticket.opened_at.timestamp())}@{_sender_domain(sender)}>"
    email["Auto-Submitted"] = "auto-generated"
    email.set_content(_plain_body(*content), cte="quoted-printable")
    html = _html_body(*content)
    email.add_alternative(html, subtype="html", cte="quoted-printable")
    return email


def _ticket_facts(
    visible: VisibleTicket, *, recipient: Member, names_by_id: Mapping[str, str]
) -> dict[str, str]:
    style = TextStyle(
        person=lambda slack_id: _to_header_text(names_by_id.get(slack_id) or slack_id),
        time=lambda at: local_time(at, recipient.tz),
    )
    return visible.fact_lines(style)


def _plain_body(
    heading: str,
    introduction: str,
    facts: Mapping[str, str],
    sections: Mapping[str, str],
    links: Mapping[str, str],
) -> str:
    paragraphs = [
        heading,
        introduction,
        "\n".join(f"{label}: {url}" for label, url in links.items()),
        "\n".join(f"{name}: {value}" for name, value in facts.items()),
        *(f"{name}:\n{text}" for name, text in sections.items()),
        _FOOTER,
    ]
    return "\n\n".join(filter(None, paragraphs)) + "\n"


def _html_body(
    heading: str,
    introduction: str,
    facts: Mapping[str, str],
    sections: Mapping[str, str],
    links: Mapping[str, str],
) -> str:
    rows = "".join(
        f'<tr><th align="left">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in facts.items()
    )
    section_html = "".join(
        f'<h3>{escape(name)}</h3><p style="white-space: pre-wrap">{escape(text)}</p>'
        for name, text in sections.items()
    )
    buttons = "".join(
        _LINK_TEMPLATE.format(url=escape(url), label=escape(label)) for label, url in links.items()
    )
    return _HTML_TEMPLATE.format(
        heading=escape(heading),
        lead=introduction,
        links=f"<p>{buttons}</p>" if buttons else "",
        facts=f'<table cellpadding="4">{rows}</table>' if rows else "",
        sections=section_html,
        closing=_FOOTER,
    )


def _to_header_text(text: str) -> str:
    """Text safe for a header: no line ends, no control characters, no encoded words.

    Before Python 3.13 the email package decodes "=?utf-8?q?=0D=0A…" when it writes a header. The
    line end inside would then start a header that the author of the text chooses.
    """
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.replace("=?", "= ?").split())


def _sender_domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2] or "localhost"
