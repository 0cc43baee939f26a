"""Offer e-mails: the same facts in plain text and HTML, and headers that nobody can inject."""

import email
import email.policy
from collections.abc import Mapping
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.outbox.emails import offer_email
from models.people.member import Member, Role
from models.tickets.ticket import Status, Ticket
from tests.sample_tickets import make_member, ticket_in_status

EVE = make_member("UEVE", Role.MODERATOR, name="Eve", email="eve@example.com", tz="Europe/Berlin")
ADA = make_member("UADA", name="Ada <b>Lovelace</b>", email="ada@example.com")
LINKS = {
    "Claim": "https://frontdesk.example/link/a?b&c",
    "View": "https://frontdesk.example/link/d",
}


def make_email(
    ticket: Ticket, recipient: Member = EVE, links: Mapping[str, str] = LINKS
) -> EmailMessage:
    return offer_email(
        ticket,
        notice="T-1.offer.1",
        recipient=recipient,
        names_by_id={ADA.slack_id: ADA.name},
        sender="Frontdesk <frontdesk@example.com>",
        links=links,
    )


def text_of_part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_both_parts_have_the_same_facts() -> None:
    message = make_email(ticket_in_status(Status.OFFERED))

    for text in ("T-1: VPN is down", "Network", "normal", "knows vpn", "since this morning"):
        assert text in text_of_part(message, "plain")
        assert text in text_of_part(message, "html")


def test_both_parts_have_the_links_if_any() -> None:
    message = make_email(ticket_in_status(Status.OFFERED))
    without_links = make_email(ticket_in_status(Status.OFFERED), links={})

    assert "Claim: https://frontdesk.example/link/a?b&c\n" in text_of_part(message, "plain")
    assert 'href="https://frontdesk.example/link/a?b&amp;c"' in text_of_part(message, "html")
    assert "View: https://frontdesk.example/link/d\n" in text_of_part(message, "plain")
    assert 'href="https://frontdesk.example/link/d"' in text_of_part(message, "html")
    assert "href" not in text_of_part(without_links, "html")
    assert "http" not in text_of_part(without_links, "plain")


def test_times_are_in_the_recipients_time_zone() -> None:
    tokyo = EVE.model_copy(update={"tz": "Asia/Tokyo"})
    nowhere = EVE.model_copy(update={"tz": "Mars/Olympus"})
    ticket = ticket_in_status(Status.OFFERED)

    assert "23 November 2026, 13:00 (CET)" in text_of_part(make_email(ticket), "plain")
    assert "23 November 2026, 21:00 (JST)" in text_of_part(make_email(ticket, tokyo), "plain")
    assert "23 November 2026, 12:00 (UTC)" in text_of_part(make_email(ticket, nowhere), "plain")


def test_same_notice_has_same_message_id() -> None:
    ticket = ticket_in_status(Status.OFFERED)

    assert make_email(ticket)["Message-ID"] == make_email(ticket)["Message-ID"]
    assert make_email(ticket)["Message-ID"].endswith("@example.com>")


def test_email_about_confidential_ticket_has_no_text() -> None:
    message = make_email(
        ticket_in_status(Status.OFFERED, confidential=True, title="Harassment by X")
    )

    all_text = message["Subject"] + text_of_part(message, "plain") + text_of_part(message, "html")
    assert "Harassment" not in all_text
    assert "since this morning" not in all_text
    assert "confidential" in message["Subject"]


def test_email_about_confidential_ticket_has_only_its_number_and_the_links() -> None:
    message = make_email(ticket_in_status(Status.OFFERED, confidential=True))

    assert message["Subject"] == "T-1: confidential ticket"
    assert text_of_part(message, "plain").splitlines() == [
        "T-1: confidential ticket",
        "",
        "This ticket is offered to you. It is confidential: read it in your direct messages with "
        "Frontdesk.",
        "",
        *(f"{label}: {url}" for label, url in LINKS.items()),
        "",
        "You get this e-mail because Frontdesk offered you this ticket.",
    ]
    assert "<table" not in text_of_part(message, "html")


@pytest.mark.fault("F75", "F88")
@given(title=st.text(min_size=1), description=st.text())
def test_hostile_text_adds_no_header_and_no_html(title: str, description: str) -> None:
    hostile = f"<script>{title}</script>\r\nBcc: all@example.com"
    message = make_email(ticket_in_status(Status.OFFERED, title=hostile, description=description))

    assert set(message.keys()) == {
        "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "MIME-Version",
        "Content-Type",
    }  # fmt: skip
    assert len(message["Subject"]) <= 120
    assert "<script>" not in text_of_part(message, "html")
    assert message.as_bytes()


@pytest.mark.fault("F75")
def test_encoded_word_in_title_adds_no_header() -> None:
    """Before 3.13 Python's email package decodes the word when it writes the header."""
    title = "vpn =?utf-8?q?=0D=0AReply-To:_evil@x.example?="
    message = make_email(ticket_in_status(Status.OFFERED, title=title))

    parsed = email.message_from_bytes(message.as_bytes(), policy=email.policy.default)
    assert parsed["Reply-To"] is None
    assert "evil@x.example" in str(parsed["Subject"])
