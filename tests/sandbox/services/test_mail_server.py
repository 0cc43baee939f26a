"""The mail server: strict checks, faults of real servers, and a readable inbox."""

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


def make_email(**headers: str | None) -> EmailMessage:
    """Make a correct e-mail; arguments replace headers, None omits one."""
    message = EmailMessage(policy=SMTP)
    defaults = {
        "From": "Frontdesk <frontdesk@acme.example>",
        "To": "Bob <bob@acme.example>",
        "Subject": "T-1: VPN is down",
        "Date": "Mon, 23 Nov 2026 08:00:00 +0000",
        "Message-ID": "<T-1.offer.1@acme.example>",
    }
    for name, value in (defaults | {n.replace("_", "-"): v for n, v in headers.items()}).items():
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
        message or make_email(),
        hostname=mail.host,
        port=mail.port,
        timeout=timeout,
        start_tls=False,
        username="frontdesk" if password else None,
        password=password,
    )


async def test_an_email_can_be_read_in_all_its_parts(mail_server: MailServer) -> None:
    await send(mail_server)

    [email] = mail_server.inbox
    assert email.sender == "frontdesk@acme.example"
    assert email.recipients == ["bob@acme.example"]
    assert email.subject == "T-1: VPN is down"
    assert email.message_id == "<T-1.offer.1@acme.example>"
    assert email.text == "The VPN is down.\nSince noon.\n"
    assert email.html == "<p>The VPN is <b>down</b>.</p>\n"


async def test_emails_are_found_by_recipient(mail_server: MailServer) -> None:
    await send(mail_server)
    await send(mail_server, make_email(To="eve@acme.example"))

    assert [email.recipients for email in mail_server.emails_to("eve@acme.example")] == [
        ["eve@acme.example"]
    ]


async def test_waiting_ends_when_an_email_arrives(mail_server: MailServer) -> None:
    waiting = asyncio.ensure_future(mail_server.wait_until(lambda: mail_server.inbox))
    await asyncio.wait({waiting}, timeout=0)
    assert not waiting.done()

    await send(mail_server)

    assert await waiting == mail_server.inbox


async def test_a_timeout_names_the_awaited_email(mail_server: MailServer) -> None:
    with pytest.raises(TimeoutError, match="an e-mail to Eve"):
        await mail_server.wait_until(
            lambda: mail_server.inbox, timeout_seconds=0, waiting_for="an e-mail to Eve"
        )


@pytest.mark.parametrize("header", ["From", "To", "Date", "Message-ID", "Subject"])
def test_a_missing_header_is_an_error(header: str) -> None:
    error = find_email_error(make_email(**{header: None}).as_bytes())

    assert error == f"Not exactly one {header}"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("From", "Frontdesk"),
        ("To", "bob"),
        ("To", "Bob <bob@>"),
        ("To", "<@acme.example>"),
        ("To", "undisclosed-recipients:;"),
    ],
)
def test_an_invalid_address_is_an_error(header: str, value: str) -> None:
    content = make_email(**{header: None}).as_bytes()

    assert (
        find_email_error(f"{header}: {value}\r\n".encode() + content) == f"Bad address in {header}"
    )


def test_a_repeated_header_is_an_error() -> None:
    content = b"Subject: another\r\n" + make_email().as_bytes()

    assert find_email_error(content) == "Not exactly one Subject"


def test_an_invalid_date_or_message_id_is_an_error() -> None:
    for header, value in (("Date", "yesterday"), ("Message-ID", "T-1")):
        content = make_email(**{header: None}).as_bytes()

        assert find_email_error(f"{header}: {value}\r\n".encode() + content) == f"Bad {header}"


def test_bare_line_feeds_and_long_lines_are_errors() -> None:
    content = make_email().as_bytes()

    assert find_email_error(content) is None
    assert find_email_error(content.replace(b"\r\n", b"\n")) == "Bare LF"
    assert find_email_error(content + b"x" * 998) is None
    assert find_email_error(content + b"x" * 999) == "Line too long"


@pytest.mark.parametrize("kind", [b"text/plain", b"text/html"])
def test_an_email_needs_plain_text_and_html(kind: bytes) -> None:
    content = make_email().as_bytes().replace(kind, b"text/calendar")

    assert find_email_error(content) == "Not both plain text and HTML"


async def test_an_incorrect_email_is_refused_with_the_reason(mail_server: MailServer) -> None:
    with pytest.raises(aiosmtplib.SMTPDataError, match="Not exactly one Date") as error:
        await send(mail_server, make_email(Date=None))

    assert error.value.code == 554
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
async def test_faults_happen_in_their_phase_a_given_number_of_times(
    mail_server: MailServer, fault: MailFault, raised: type[aiosmtplib.SMTPException]
) -> None:
    mail_server.add_fault(fault, times=2)

    for _ in range(2):
        with pytest.raises(raised) as error:
            await send(mail_server)
        assert fault.value[:3] in str(error.value)
        assert mail_server.inbox == []
    await send(mail_server)

    assert len(mail_server.inbox) == 1


async def test_a_fault_lasts_until_it_is_cleared(mail_server: MailServer) -> None:
    mail_server.add_fault(MailFault.GREYLIST)
    for _ in range(3):
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await send(mail_server)

    mail_server.clear_faults()

    await send(mail_server)


async def test_a_connection_can_end_after_the_email_is_accepted(mail_server: MailServer) -> None:
    mail_server.add_fault(MailFault.DISCONNECT_AFTER_DATA, times=1)

    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await send(mail_server)

    assert len(mail_server.inbox) == 1


async def test_the_server_can_hang_after_the_email_is_accepted(mail_server: MailServer) -> None:
    mail_server.add_fault(MailFault.HANG_AFTER_DATA, times=1)

    with pytest.raises(aiosmtplib.SMTPTimeoutError):
        await send(mail_server, timeout=0.2)

    assert len(mail_server.inbox) == 1
    await send(mail_server)
    assert len(mail_server.inbox) == 2


async def test_the_inbox_survives_while_the_server_is_down(
    mail_server: MailServer,
) -> None:
    await send(mail_server)

    mail_server.stop_listening()
    with pytest.raises(aiosmtplib.SMTPConnectError):
        await send(mail_server)
    await mail_server.start_listening()

    await send(mail_server)
    assert len(mail_server.inbox) == 2


async def test_emails_are_refused_before_the_login() -> None:
    async with MailServer(username="frontdesk", password="right") as mail:
        with pytest.raises(aiosmtplib.SMTPSenderRefused, match="530"):
            await send(mail)
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await send(mail, password="wrong")
        assert mail.inbox == []

        await send(mail, password="right")

        assert len(mail.inbox) == 1


async def test_reset_empties_the_inbox_and_ends_faults(mail_server: MailServer) -> None:
    await send(mail_server)
    mail_server.add_fault(MailFault.NO_SUCH_MAILBOX)

    mail_server.reset()

    assert mail_server.inbox == []
    await send(mail_server)
