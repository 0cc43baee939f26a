"""The only module that reads this machine's clock; stored times use the database's clock."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """This machine's time in UTC: for logs and e-mails, never for due times or leases."""
    return datetime.now(UTC)
