"""A mail server with a readable inbox; it can refuse e-mails, disconnect or hang."""

import asyncio
import email
import email.policy
import email.utils
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage, Message
from enum import StrEnum
from types import TracebackType
from typing import Any, Self, TypeVar

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.slack.primitives.change_notifier import ChangeNotifier

T = TypeVar("T")
_MAX_LINE_BYTES = 998  # https://datatracker.ietf.org/doc/html/rfc5322#section-2.1.1
# https://datatracker.ietf.org/doc/html/rfc5322#section-3.6
_REQUIRED_HEADERS = ("From", "To", "Date", "Message-ID", "Subject")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_MESSAGE_ID = re.compile(r"<[^<>@\s]+@[^<>@\s]+>")


@dataclass(frozen=True, slots=True)
class ReceivedEmail:
    """One e-mail with its envelope."""

    sender: str
    recipients: list[str]
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return str(part.get_content()).replace("\r\n", "\n") if part else ""


class MailFault(StrEnum):
    """Faults of a mail server; the value is the SMTP reply."""

    GREYLIST = "451 4.7.1 Greylisted, try again later"
    NO_SUCH_MAILBOX = "550 5.1.1 No such mailbox"
    TOO_MANY_EMAILS = "550 5.7.0 Requested action not taken: too many emails per second"
    BUSY = "421 4.3.2 Service not available"
    LOCAL_ERROR = "451 4.3.0 Local error in processing"
    DISCONNECT_AFTER_DATA = "cut"
    HANG_AFTER_DATA = "hang"


class MailServer:
    """`async with MailServer() as mail:` listens on 127.0.0.1 until the block ends."""

    def __init__(self, *, username: str | None = None, password: str | None = None) -> None:
        """With a username and a password, e-mails are accepted only after a login."""
        self.host = "127.0.0.1"
        self.port = 0
        self.inbox: list[ReceivedEmail] = []
        self.logins: list[str] = []
        self._credentials = (username, password) if username else None
        self.notifier = ChangeNotifier()
        self._faults: list[tuple[MailFault, int | None]] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.start_listening()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop_listening()

    def stop_listening(self) -> None:
        """Accept no more connections; open connections stay."""
        if self._server:
            self._server.close()

    async def start_listening(self) -> None:
        """Accept connections, at the same address as before."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def add_fault(self, fault: MailFault, *, times: int | None = None) -> None:
        """Fail in this way, a number of times or until `clear_faults`."""
        self._faults.append((fault, times))

    def clear_faults(self) -> None:
        """End all faults."""
        self._faults.clear()

    def reset(self) -> None:
        """Empty the inbox and end all faults."""
        self.inbox.clear()
        self.clear_faults()

    def emails_to(self, address: str) -> list[ReceivedEmail]:
        """Return the e-mails to an address, oldest first."""
        return [email for email in self.inbox if address in email.recipients]

    async def wait_until(
        self, condition: Callable[[], T], *, timeout_seconds: float = 10, waiting_for: str = ""
    ) -> T:
        """Return the first truthy value of the condition, checked after every e-mail."""
        return await self.notifier.wait_until(
            condition, timeout_seconds=timeout_seconds, waiting_for=waiting_for
        )

    # aiosmtpd calls these by name: https://aiosmtpd.aio-libs.org/en/latest/handlers.html

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Handle MAIL FROM."""
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self._next_fault_reply(MailFault.BUSY) or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Handle RCPT TO."""
        reply = self._next_fault_reply(
            MailFault.GREYLIST, MailFault.NO_SUCH_MAILBOX, MailFault.TOO_MANY_EMAILS
        )
        if reply:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Handle DATA; refuse content that is not a correct e-mail."""
        if reply := self._next_fault_reply(MailFault.LOCAL_ERROR):
            return reply
        content = envelope.original_content or b""
        if error := find_email_error(content):
            return f"554 5.6.0 {error}"
        message = email.message_from_bytes(content, EmailMessage, policy=email.policy.SMTP)
        recipients = [str(address) for address in envelope.rcpt_tos]
        self.inbox.append(ReceivedEmail(str(envelope.mail_from), recipients, message))
        self.notifier.notify()
        await self._apply_silent_fault(server)
        return "250 OK"

    async def _apply_silent_fault(self, server: SMTP) -> None:
        """Disconnect or hang after the e-mail is accepted, so that its sender gets no reply."""
        if self._next_fault_reply(MailFault.DISCONNECT_AFTER_DATA) and server.transport:
            server.transport.close()
        if self._next_fault_reply(MailFault.HANG_AFTER_DATA):
            await asyncio.Event().wait()

    def _protocol(self) -> SMTP:
        options: dict[str, Any] = {}
        if self._credentials:
            options = {
                "authenticator": self._authenticate,
                "auth_required": True,
                "auth_require_tls": False,
            }
        with warnings.catch_warnings():
            # aiosmtpd warns about a login without TLS; here all traffic stays on one machine.
            warnings.simplefilter("ignore", UserWarning)
            return SMTP(self, loop=asyncio.get_running_loop(), **options)

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        given = data if isinstance(data, LoginPassword) else LoginPassword(b"", b"")
        self.logins.append(given.login.decode())
        is_known = (given.login.decode(), given.password.decode()) == self._credentials
        # handled=False makes aiosmtpd send the reply to the client.
        return AuthResult(success=is_known, handled=False)

    def _next_fault_reply(self, *faults: MailFault) -> str | None:
        """The reply of the first planned fault among these, or None."""
        for index, (fault, times) in enumerate(self._faults):
            if fault in faults:
                if times is not None:
                    self._faults[index] = (fault, times - 1)
                    if times <= 1:
                        del self._faults[index]
                return fault.value
        return None


def find_email_error(content: bytes) -> str | None:
    """Return why a strict server refuses these bytes as an e-mail; None if it accepts them."""
    if b"\n" in content.replace(b"\r\n", b""):
        return "Bare LF"
    if any(len(line) > _MAX_LINE_BYTES for line in content.split(b"\r\n")):
        return "Line too long"
    message = email.message_from_bytes(content, policy=email.policy.SMTP)
    kinds = {part.get_content_type() for part in message.walk() if not part.is_multipart()}
    if not kinds >= {"text/plain", "text/html"}:
        return "Not both plain text and HTML"
    return next(
        filter(None, (_find_header_error(name, message) for name in _REQUIRED_HEADERS)), None
    )


def _find_header_error(name: str, message: Message) -> str | None:
    """The error of a required header, or None."""
    values = [str(value) for value in message.get_all(name, [])]
    if len(values) != 1:
        return f"Not exactly one {name}"
    match name:
        case "From" | "To":
            is_address = _ADDRESS.fullmatch(email.utils.parseaddr(values[0])[1])
            return None if is_address else f"Bad address in {name}"
        case "Date":
            return None if email.utils.parsedate_tz(values[0]) else "Bad Date"
        case "Message-ID":
            return None if _MESSAGE_ID.fullmatch(values[0]) else "Bad Message-ID"
        case _:
            return None
