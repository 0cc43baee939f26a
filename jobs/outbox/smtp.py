"""Sends e-mail over SMTP. This is the only file that imports aiosmtplib."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from typing import Any

import aiosmtplib

from models.errors import ExternalServiceError, OutcomeUnknown, PermanentFailure, RetryLater
from models.settings import Settings

MAX_CONNECT_SECONDS = 5
# A virus scanner behind the server may be slow. A long attempt is better than a second copy.
MAX_SEND_SECONDS = 12
_MAX_QUIT_SECONDS = 1
# https://datatracker.ietf.org/doc/html/rfc5321#section-4.2.1: 5yz is permanent.
_MIN_PERMANENT_CODE = 500
# Mailtrap answers "too many emails per second" with a permanent code.
_TRANSIENT_PHRASES = ("too many", "rate limit", "try again", "temporar")


async def send(settings: Settings, email: EmailMessage) -> None:
    """Send one e-mail on its own connection.

    Raises:
        PermanentFailure: the server refuses the e-mail, the login or the encryption.
        RetryLater: the server refuses the e-mail for now.
        OutcomeUnknown: the connection ended after the e-mail was sent; it may have arrived.
    """
    async with _open_session(settings) as server:
        try:
            async with asyncio.timeout(MAX_SEND_SECONDS):
                await server.send_message(email)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise _to_service_error(error) from error


async def check_login(settings: Settings) -> None:
    """Connect and log in, but send nothing. Raises the same errors as `send`."""
    async with _open_session(settings):
        return


@asynccontextmanager
async def _open_session(settings: Settings) -> AsyncIterator[aiosmtplib.SMTP]:
    server = aiosmtplib.SMTP(**_connection_options(settings))
    try:
        async with asyncio.timeout(MAX_CONNECT_SECONDS):
            await server.connect()
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        service_error = _to_service_error(error)
        # Nothing is sent yet, so the outcome is known.
        if isinstance(service_error, OutcomeUnknown):
            raise RetryLater(str(service_error)) from error
        raise service_error from error
    try:
        yield server
    finally:
        # The e-mail is sent by now. The worker does not wait for a server that closes slowly.
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
        # With True, STARTTLS is required. By default aiosmtplib falls back to plain text and
        # sends the password with it.
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
        case OSError():  # includes SMTPServerDisconnected and SMTPTimeoutError
            return OutcomeUnknown("the mail server stopped answering")
        case _:
            return PermanentFailure(f"the mail server does not accept these settings: {error}")


def _error_for_code(response: aiosmtplib.SMTPResponseException) -> ExternalServiceError:
    answer = response.message.casefold()
    is_transient = response.code < _MIN_PERMANENT_CODE or any(
        phrase in answer for phrase in _TRANSIENT_PHRASES
    )
    message = f"the mail server answered {response.code}"
    return RetryLater(message) if is_transient else PermanentFailure(message)
