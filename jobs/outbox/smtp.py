"""Sending a letter over SMTP, by way of aiosmtplib: the only file that knows it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from typing import Any

import aiosmtplib

from models.errors import ExternalServiceError, OutcomeUnknown, PermanentFailure, RetryLater
from models.settings import Settings

MAX_CONNECT_SECONDS = 5
# A virus scanner behind the server may take its time; a second copy is worse than a longer try.
MAX_SEND_SECONDS = 12
_MAX_QUIT_SECONDS = 1
# https://datatracker.ietf.org/doc/html/rfc5321#section-4.2.1: 5yz is permanent.
_MIN_PERMANENT_CODE = 500
# Mailtrap says "too many emails per second" with the code for a lasting refusal.
_TRANSIENT_PHRASES = ("too many", "rate limit", "try again", "temporar")


async def send(settings: Settings, email: EmailMessage) -> None:
    """Send one letter, on a connection of its own.

    Raises:
        Refused: the server will not take it, or the log-in or encryption is wrong.
        NotNow: the server can't take it now.
        Unknown: the connection ended after the letter was handed over; it may have arrived.
    """
    async with _open_session(settings) as server:
        try:
            async with asyncio.timeout(MAX_SEND_SECONDS):
                await server.send_message(email)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise _to_service_error(error) from error


async def check_login(settings: Settings) -> None:
    """Connect and log in as for a letter, and leave again; raises as `send` does."""
    async with _open_session(settings):
        return


@asynccontextmanager
async def _open_session(settings: Settings) -> AsyncIterator[aiosmtplib.SMTP]:
    """A connection on which nothing has been handed over yet."""
    server = aiosmtplib.SMTP(**_connection_options(settings))
    try:
        async with asyncio.timeout(MAX_CONNECT_SECONDS):
            await server.connect()
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        outcome = _to_service_error(error)
        if isinstance(outcome, OutcomeUnknown):
            raise RetryLater(str(outcome)) from error
        raise outcome from error
    try:
        yield server
    finally:
        # Whatever was said has been said; a server that is too slow to part is left.
        with suppress(aiosmtplib.SMTPException, OSError):
            async with asyncio.timeout(_MAX_QUIT_SECONDS):
                await server.quit()
        server.close()


def _connection_options(settings: Settings) -> dict[str, Any]:
    password = settings.smtp_password
    return {
        "hostname": settings.smtp_host,
        "port": settings.smtp_port,
        "username": settings.smtp_username,
        "password": password.get_secret_value() if password else None,
        # True insists on it: by default aiosmtplib goes on in clear, password and all.
        "start_tls": settings.smtp_starttls,
        "timeout": MAX_SEND_SECONDS,
    }


def _to_service_error(error: Exception) -> ExternalServiceError:
    match error:
        case aiosmtplib.SMTPRecipientsRefused():
            return _error_for_code(error.recipients[0])
        case aiosmtplib.SMTPResponseException():
            return _error_for_code(error)
        case aiosmtplib.SMTPConnectError():
            return RetryLater("the mail server could not be reached")
        case OSError():  # SMTPServerDisconnected and SMTPTimeoutError among them
            return OutcomeUnknown("the mail server went silent")
        case _:
            return PermanentFailure(f"the mail server and the settings don't fit: {error}")


def _error_for_code(response: aiosmtplib.SMTPResponseException) -> ExternalServiceError:
    words = response.message.casefold()
    passing = response.code < _MIN_PERMANENT_CODE or any(
        word in words for word in _TRANSIENT_PHRASES
    )
    said = f"the mail server said {response.code}"
    return RetryLater(said) if passing else PermanentFailure(said)
