"""Sending a letter: each answer of a mail server, and what it means for the step."""

from email.message import EmailMessage

import pytest

from jobs.outbox import smtp
from jobs.outbox.emails import offer_email
from models.errors import ExternalServiceError, OutcomeUnknown, PermanentFailure, RetryLater
from models.settings import Settings
from models.tickets.ticket import Status
from sandbox.services.mail_server import MailFault, MailServer
from tests.sample_tickets import BOB, make_member, ticket_in_status


def letter() -> EmailMessage:
    """A letter to Bob."""
    return offer_email(
        ticket_in_status(Status.OFFERED),
        notice="T-1.offer.1",
        recipient=BOB.model_copy(update={"email": "bob@acme.example"}),
        requester=make_member("UADA", name="Ada"),
        sender="Desk <desk@acme.example>",
        links={},
    )


def settings(mail: MailServer, **more: object) -> Settings:
    """The settings of a desk with that mail server."""
    needed = {"slack_bot_token": "x", "slack_signing_secret": "x", "jwt_secret": "x" * 32}
    server = {"smtp_host": mail.host, "smtp_port": mail.port, "smtp_starttls": False}
    return Settings.model_validate({**needed, **server, **more})


async def test_a_letter_arrives() -> None:
    async with MailServer() as mail:
        await smtp.send(settings(mail), letter())

        assert [one.subject for one in mail.emails_to("bob@acme.example")] == ["T-1: VPN is down"]


@pytest.mark.fault("F70", "F71", "F72", "F73", "F74")
@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (MailFault.GREYLIST, RetryLater),
        (MailFault.TOO_MANY_EMAILS, RetryLater),
        (MailFault.NO_SUCH_MAILBOX, PermanentFailure),
        (MailFault.BUSY, RetryLater),
        (MailFault.LOCAL_ERROR, RetryLater),
        (MailFault.DISCONNECT_AFTER_DATA, OutcomeUnknown),
    ],
    ids=lambda value: getattr(value, "name", None) or value.__name__,
)
async def test_what_a_server_answers_decides_about_trying_again(
    fault: MailFault, outcome: type[ExternalServiceError]
) -> None:
    async with MailServer() as mail:
        mail.add_fault(fault)

        with pytest.raises(outcome) as raised:
            await smtp.send(settings(mail), letter())

    assert type(raised.value) is outcome


async def test_a_server_that_is_not_there_is_tried_again() -> None:
    async with MailServer() as mail:
        gone = settings(mail)

    with pytest.raises(RetryLater):
        await smtp.send(gone, letter())


@pytest.mark.fault("F74")
async def test_without_encryption_neither_password_nor_letter_is_sent() -> None:
    async with MailServer(username="desk", password="hunter2") as mail:
        insisting = settings(
            mail, smtp_starttls=True, smtp_username="desk", smtp_password="hunter2"
        )

        with pytest.raises(PermanentFailure):
            await smtp.send(insisting, letter())

        assert mail.inbox == []
        assert mail.logins == []


@pytest.mark.fault("F74")
async def test_a_wrong_password_is_refused_for_good() -> None:
    async with MailServer(username="desk", password="hunter2") as mail:
        wrong = settings(mail, smtp_username="desk", smtp_password="hunter3")

        with pytest.raises(PermanentFailure) as raised:
            await smtp.send(wrong, letter())

        assert "hunter3" not in str(raised.value)
        assert set(mail.logins) == {"desk"}


async def test_the_right_password_lets_it_through() -> None:
    async with MailServer(username="desk", password="hunter2") as mail:
        await smtp.send(settings(mail, smtp_username="desk", smtp_password="hunter2"), letter())

        assert len(mail.inbox) == 1
