"""Sending a letter over SMTP, by way of aiosmtplib: the only file that knows it."""

from email.message import EmailMessage

import aiosmtplib

from models.errors import NotNow, OutsideError, Refused, Unknown
from models.settings import Settings

CONNECT_SECONDS = 10
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
    password = settings.smtp_password
    try:
        await aiosmtplib.send(
            letter,
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username,
            password=password.get_secret_value() if password else None,
            # True insists on it: by default aiosmtplib goes on in clear, password and all.
            start_tls=settings.smtp_starttls,
            timeout=CONNECT_SECONDS,
        )
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise _outcome(error) from error


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
