"""Sending a letter over SMTP, by way of aiosmtplib: the only file that knows it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from typing import Any

import aiosmtplib

from models.errors import NotNow, OutsideError, Refused, Unknown
from models.settings import Settings

CONNECT_SECONDS = 5
# A virus scanner behind the server may take its time; a second copy is worse than a longer try.
SEND_SECONDS = 12
_PART_SECONDS = 1
# https://datatracker.ietf.org/doc/html/rfc5321#section-4.2.1: 5yz is permanent.
_PERMANENT = 500
# Mailtrap says "too many emails per second" with the code for a lasting refusal.
_PASSING_WORDS = ("too many", "rate limit", "try again", "temporar")


async def send(settings: Settings, letter: EmailMessage) -> None:
    """Send one letter, on a connection of its own.

    Raises:
        Refused: the server will not take it, or the log-in or encryption is wrong.
        NotNow: the server can't take it now.
        Unknown: the connection ended after the letter was handed over; it may have arrived.
    """
    async with _logged_in(settings) as server:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await server.send_message(letter)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise _outcome(error) from error


async def log_in(settings: Settings) -> None:
    """Connect and log in as for a letter, and leave again; raises as `send` does."""
    async with _logged_in(settings):
        return


@asynccontextmanager
async def _logged_in(settings: Settings) -> AsyncIterator[aiosmtplib.SMTP]:
    """A connection on which nothing has been handed over yet."""
    server = aiosmtplib.SMTP(**_connection(settings))
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await server.connect()
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        outcome = _outcome(error)
        if isinstance(outcome, Unknown):
            raise NotNow(str(outcome)) from error
        raise outcome from error
    try:
        yield server
    finally:
        # Whatever was said has been said; a server that is too slow to part is left.
        with suppress(aiosmtplib.SMTPException, OSError):
            async with asyncio.timeout(_PART_SECONDS):
                await server.quit()
        server.close()


def _connection(settings: Settings) -> dict[str, Any]:
    password = settings.smtp_password
    return {
        "hostname": settings.smtp_host,
        "port": settings.smtp_port,
        "username": settings.smtp_username,
        "password": password.get_secret_value() if password else None,
        # True insists on it: by default aiosmtplib goes on in clear, password and all.
        "start_tls": settings.smtp_starttls,
        "timeout": SEND_SECONDS,
    }


def _outcome(error: Exception) -> OutsideError:
    match error:
        case aiosmtplib.SMTPRecipientsRefused():
            return _by_code(error.recipients[0])
        case aiosmtplib.SMTPResponseException():
            return _by_code(error)
        case aiosmtplib.SMTPConnectError():
            return NotNow("the mail server could not be reached")
        case OSError():  # SMTPServerDisconnected and SMTPTimeoutError among them
            return Unknown("the mail server went silent")
        case _:
            return Refused(f"the mail server and the settings don't fit: {error}")


def _by_code(answer: aiosmtplib.SMTPResponseException) -> OutsideError:
    words = answer.message.casefold()
    passing = answer.code < _PERMANENT or any(word in words for word in _PASSING_WORDS)
    said = f"the mail server said {answer.code}"
    return NotNow(said) if passing else Refused(said)
