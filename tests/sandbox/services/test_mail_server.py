"""The mail server: strict about what it takes, failing as real ones do, and easy to read."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from email.policy import SMTP

import aiosmtplib
import pytest

from sandbox.services.mail_server import MailFault, MailServer, find_email_error


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with MailServer() as mail:
        yield mail


def letter(**headers: str | None) -> EmailMessage:
    """A letter that everybody takes, but for the headers given; None leaves one out."""
    message = EmailMessage(policy=SMTP)
    usual = {
        "From": "Desk <desk@acme.example>",
        "To": "Bob <bob@acme.example>",
        "Subject": "T-1: VPN is down",
        "Date": "Mon, 23 Nov 2026 08:00:00 +0000",
        "Message-ID": "<T-1.offer.1@acme.example>",
    }
    for name, value in (usual | {n.replace("_", "-"): v for n, v in headers.items()}).items():
        if value is not None:
            message[name] = value
    message.set_content("The VPN is down.\nSince noon.\n")
    message.add_alternative("<p>The VPN is <b>down</b>.</p>", subtype="html")
    return message


async def send(
    mail: MailServer,
    message: EmailMessage | None = None,
    *,
    timeout: float = 5,
    password: str | None = None,
) -> None:
    await aiosmtplib.send(
        message or letter(),
        hostname=mail.host,
        port=mail.port,
        timeout=timeout,
        start_tls=False,
        username="desk" if password else None,
        password=password,
    )


async def test_a_letter_can_be_read_in_all_its_parts(mail_server: MailServer) -> None:
    await send(mail_server)

    [arrived] = mail_server.inbox
    assert arrived.sender == "desk@acme.example"
    assert arrived.recipients == ["bob@acme.example"]
    assert arrived.subject == "T-1: VPN is down"
    assert arrived.message_id == "<T-1.offer.1@acme.example>"
    assert arrived.text == "The VPN is down.\nSince noon.\n"
    assert arrived.html == "<p>The VPN is <b>down</b>.</p>\n"


async def test_each_finds_their_own_letters(mail_server: MailServer) -> None:
    await send(mail_server)
    await send(mail_server, letter(To="eve@acme.example"))

    assert [one.recipients for one in mail_server.emails_to("eve@acme.example")] == [
        ["eve@acme.example"]
    ]


async def test_who_waits_for_a_letter_wakes_when_it_comes(mail_server: MailServer) -> None:
    waiting = asyncio.ensure_future(mail_server.wait_until(lambda: mail_server.inbox))
    await asyncio.wait({waiting}, timeout=0)
    assert not waiting.done()

    await send(mail_server)

    assert await waiting == mail_server.inbox


async def test_who_waits_in_vain_is_told_for_what(mail_server: MailServer) -> None:
    with pytest.raises(TimeoutError, match="a letter to Eve"):
        await mail_server.wait_until(
            lambda: mail_server.inbox, timeout_seconds=0, waiting_for="a letter to Eve"
        )


@pytest.mark.parametrize("header", ["From", "To", "Date", "Message-ID", "Subject"])
def test_a_letter_without_a_header_that_belongs_to_it_is_wrong(header: str) -> None:
    wrong = find_email_error(letter(**{header: None}).as_bytes())

    assert wrong == f"Not exactly one {header}"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("From", "Desk"),
        ("To", "bob"),
        ("To", "Bob <bob@>"),
        ("To", "<@acme.example>"),
        ("To", "undisclosed-recipients:;"),
    ],
)
def test_an_address_that_is_none_is_wrong(header: str, value: str) -> None:
    content = letter(**{header: None}).as_bytes()

    assert (
        find_email_error(f"{header}: {value}\r\n".encode() + content) == f"Bad address in {header}"
    )


def test_a_header_slipped_in_twice_is_wrong() -> None:
    content = b"Subject: another\r\n" + letter().as_bytes()

    assert find_email_error(content) == "Not exactly one Subject"


def test_a_date_or_message_id_that_is_none_is_wrong() -> None:
    for header, value in (("Date", "yesterday"), ("Message-ID", "T-1")):
        content = letter(**{header: None}).as_bytes()

        assert find_email_error(f"{header}: {value}\r\n".encode() + content) == f"Bad {header}"


def test_line_ends_that_no_mail_server_takes_are_wrong() -> None:
    content = letter().as_bytes()

    assert find_email_error(content) is None
    assert find_email_error(content.replace(b"\r\n", b"\n")) == "Bare LF"
    assert find_email_error(content + b"x" * 998) is None
    assert find_email_error(content + b"x" * 999) == "Line too long"


@pytest.mark.parametrize("kind", [b"text/plain", b"text/html"])
def test_a_letter_with_only_one_kind_of_text_is_wrong(kind: bytes) -> None:
    content = letter().as_bytes().replace(kind, b"text/calendar")

    assert find_email_error(content) == "Not both plain text and HTML"


async def test_what_is_wrong_is_refused_with_its_reason(mail_server: MailServer) -> None:
    with pytest.raises(aiosmtplib.SMTPDataError, match="Not exactly one Date") as refused:
        await send(mail_server, letter(Date=None))

    assert refused.value.code == 554
    assert mail_server.inbox == []


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (MailFault.BUSY, aiosmtplib.SMTPSenderRefused),
        (MailFault.GREYLIST, aiosmtplib.SMTPRecipientsRefused),
        (MailFault.NO_SUCH_MAILBOX, aiosmtplib.SMTPRecipientsRefused),
        (MailFault.TOO_MANY_EMAILS, aiosmtplib.SMTPRecipientsRefused),
        (MailFault.LOCAL_ERROR, aiosmtplib.SMTPDataError),
    ],
)
async def test_a_refusal_comes_where_servers_refuse_and_as_often_as_it_is_told(
    mail_server: MailServer, fault: MailFault, raised: type[aiosmtplib.SMTPException]
) -> None:
    mail_server.add_fault(fault, times=2)

    for _ in range(2):
        with pytest.raises(raised) as refused:
            await send(mail_server)
        assert fault.value[:3] in str(refused.value)
        assert mail_server.inbox == []
    await send(mail_server)

    assert len(mail_server.inbox) == 1


async def test_it_fails_until_it_recovers(mail_server: MailServer) -> None:
    mail_server.add_fault(MailFault.GREYLIST)
    for _ in range(3):
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await send(mail_server)

    mail_server.clear_faults()

    await send(mail_server)


async def test_a_connection_can_end_after_the_letter_was_taken(mail_server: MailServer) -> None:
    mail_server.add_fault(MailFault.DISCONNECT_AFTER_DATA, times=1)

    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await send(mail_server)

    assert len(mail_server.inbox) == 1


async def test_it_can_go_silent_after_the_letter_was_taken(mail_server: MailServer) -> None:
    mail_server.add_fault(MailFault.HANG_AFTER_DATA, times=1)

    with pytest.raises(aiosmtplib.SMTPTimeoutError):
        await send(mail_server, timeout=0.2)

    assert len(mail_server.inbox) == 1
    await send(mail_server)
    assert len(mail_server.inbox) == 2


async def test_while_it_is_away_nobody_reaches_it_and_it_keeps_its_letters(
    mail_server: MailServer,
) -> None:
    await send(mail_server)

    mail_server.stop_listening()
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await send(mail_server)
    await mail_server.start_listening()

    await send(mail_server)
    assert len(mail_server.inbox) == 2


async def test_with_a_login_it_takes_letters_only_after_it() -> None:
    async with MailServer(username="desk", password="right") as mail:
        with pytest.raises(aiosmtplib.SMTPSenderRefused, match="530"):
            await send(mail)
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await send(mail, password="wrong")
        assert mail.inbox == []

        await send(mail, password="right")

        assert len(mail.inbox) == 1


async def test_forgetting_empties_the_inbox_and_ends_the_faults(mail_server: MailServer) -> None:
    await send(mail_server)
    mail_server.add_fault(MailFault.NO_SUCH_MAILBOX)

    mail_server.reset()

    assert mail_server.inbox == []
    await send(mail_server)
