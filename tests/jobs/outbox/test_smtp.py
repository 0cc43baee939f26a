"""Sending e-mail: each answer of a mail server, and the error it becomes."""

from email.message import EmailMessage

import pytest

from jobs.outbox import smtp
from jobs.outbox.emails import offer_email
from models.errors import ExternalServiceError, OutcomeUnknown, PermanentFailure, RetryLater
from models.settings import Settings
from models.tickets.ticket import Status
from sandbox.services.mail_server import MailFault, MailServer
from tests.sample_tickets import BOB, ticket_in_status


def make_email() -> EmailMessage:
    return offer_email(
        ticket_in_status(Status.OFFERED),
        notice="T-1.offer.1",
        recipient=BOB.model_copy(update={"email": "bob@acme.example"}),
        names_by_id={"UADA": "Ada"},
        sender="Frontdesk <frontdesk@acme.example>",
        links={},
    )


def make_settings(mail: MailServer, **other_settings: object) -> Settings:
    required = {"slack_bot_token": "x", "slack_signing_secret": "x", "jwt_secret": "x" * 32}
    server = {"smtp_host": mail.host, "smtp_port": mail.port, "smtp_starttls": False}
    return Settings.model_validate({**required, **server, **other_settings})


async def test_email_arrives() -> None:
    async with MailServer() as mail:
        await smtp.send(make_settings(mail), make_email())

        assert [email.subject for email in mail.emails_to("bob@acme.example")] == [
            "T-1: VPN is down"
        ]


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
async def test_server_answer_decides_about_a_retry(
    fault: MailFault, outcome: type[ExternalServiceError]
) -> None:
    async with MailServer() as mail:
        mail.add_fault(fault)

        with pytest.raises(outcome) as raised:
            await smtp.send(make_settings(mail), make_email())

    assert type(raised.value) is outcome


async def test_stopped_server_is_retried() -> None:
    async with MailServer() as mail:
        settings_of_stopped_server = make_settings(mail)

    with pytest.raises(RetryLater):
        await smtp.send(settings_of_stopped_server, make_email())


@pytest.mark.fault("F74")
async def test_nothing_is_sent_without_required_encryption() -> None:
    async with MailServer(username="frontdesk", password="hunter2") as mail:
        tls_settings = make_settings(
            mail, smtp_starttls=True, smtp_username="frontdesk", smtp_password="hunter2"
        )

        with pytest.raises(PermanentFailure):
            await smtp.send(tls_settings, make_email())

        assert mail.inbox == []
        assert mail.logins == []


@pytest.mark.fault("F74")
async def test_wrong_password_is_a_permanent_failure() -> None:
    async with MailServer(username="frontdesk", password="hunter2") as mail:
        wrong_password = make_settings(mail, smtp_username="frontdesk", smtp_password="hunter3")

        with pytest.raises(PermanentFailure) as raised:
            await smtp.send(wrong_password, make_email())

        assert "hunter3" not in str(raised.value)
        assert set(mail.logins) == {"frontdesk"}


async def test_email_is_sent_with_the_right_password() -> None:
    async with MailServer(username="frontdesk", password="hunter2") as mail:
        await smtp.send(
            make_settings(mail, smtp_username="frontdesk", smtp_password="hunter2"), make_email()
        )

        assert len(mail.inbox) == 1
