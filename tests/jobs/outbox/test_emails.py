"""Letters: the same facts in plain text and HTML, and headers that nobody else can write."""

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


LINKS = {"Claim": "https://desk.example/link/a?b&c", "View": "https://desk.example/link/d"}


def letter(ticket: Ticket, to: Member = EVE, links: Mapping[str, str] = LINKS) -> EmailMessage:
    """The letter that offers the ticket."""
    return offer_email(
        ticket,
        notice="T-1.offer.1",
        recipient=to,
        requester=ADA,
        sender="Desk <desk@example.com>",
        links=links,
    )


def part(letter: EmailMessage, kind: str) -> str:
    """The text of one of its two parts."""
    body = letter.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_both_parts_say_the_same() -> None:
    sent = letter(ticket_in_status(Status.OFFERED))

    for said in ("T-1: VPN is down", "Network", "normal", "knows vpn", "since this morning"):
        assert said in part(sent, "plain")
        assert said in part(sent, "html")


def test_both_parts_carry_the_links_if_there_are_any() -> None:
    sent = letter(ticket_in_status(Status.OFFERED))
    without = letter(ticket_in_status(Status.OFFERED), links={})

    assert "Claim: https://desk.example/link/a?b&c\n" in part(sent, "plain")
    assert 'href="https://desk.example/link/a?b&amp;c"' in part(sent, "html")
    assert "View: https://desk.example/link/d\n" in part(sent, "plain")
    assert 'href="https://desk.example/link/d"' in part(sent, "html")
    assert "href" not in part(without, "html")
    assert "http" not in part(without, "plain")


def test_times_are_those_of_the_reader() -> None:
    tokyo = EVE.model_copy(update={"tz": "Asia/Tokyo"})
    nowhere = EVE.model_copy(update={"tz": "Mars/Olympus"})
    ticket = ticket_in_status(Status.OFFERED)

    assert "23 November 2026, 13:00 (CET)" in part(letter(ticket), "plain")
    assert "23 November 2026, 21:00 (JST)" in part(letter(ticket, tokyo), "plain")
    assert "23 November 2026, 12:00 (UTC)" in part(letter(ticket, nowhere), "plain")


def test_the_same_notice_has_the_same_message_id() -> None:
    ticket = ticket_in_status(Status.OFFERED)

    assert letter(ticket)["Message-ID"] == letter(ticket)["Message-ID"]
    assert letter(ticket)["Message-ID"].endswith("@example.com>")


def test_a_confidential_ticket_is_not_written_into_e_mails() -> None:
    sent = letter(ticket_in_status(Status.OFFERED, confidential=True, title="Harassment by X"))

    everything = sent["Subject"] + part(sent, "plain") + part(sent, "html")
    assert "Harassment" not in everything
    assert "since this morning" not in everything
    assert "confidential" in sent["Subject"]


@pytest.mark.fault("F75", "F88")
@given(title=st.text(min_size=1), description=st.text())
@pytest.mark.fault("F75")
def test_whatever_is_typed_stays_text(title: str, description: str) -> None:
    hostile = f"<script>{title}</script>\r\nBcc: all@example.com"
    sent = letter(ticket_in_status(Status.OFFERED, title=hostile, description=description))

    assert set(sent.keys()) == {
        "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "MIME-Version",
        "Content-Type",
    }  # fmt: skip
    assert len(sent["Subject"]) <= 120
    assert "<script>" not in part(sent, "html")
    assert sent.as_bytes()


@pytest.mark.fault("F75")
def test_an_encoded_word_in_a_title_begins_no_header() -> None:
    """Before 3.13 Python's email package decodes it when it writes the header."""
    title = "vpn =?utf-8?q?=0D=0AReply-To:_evil@x.example?="
    sent = letter(ticket_in_status(Status.OFFERED, title=title))

    read = email.message_from_bytes(sent.as_bytes(), policy=email.policy.default)
    assert read["Reply-To"] is None
    assert "evil@x.example" in str(read["Subject"])
