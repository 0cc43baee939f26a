"""The only place that asks this machine for the time; what is stored uses the database's clock."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """This machine's time, in UTC; good for logs and letters, not for due times or leases."""
    return datetime.now(UTC)
