"""How bot and worker log: a line of JSON each to stderr, times in UTC, never what people wrote."""

import logging
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

_SOCKET_TICKET = re.compile(r"(ticket=)[^&\s'\")]+")
_ticket_id: ContextVar[str] = ContextVar("ticket", default="")


class _JsonLineFormatter(JsonFormatter):
    """A line of JSON."""

    def formatException(self, ei: Any) -> Any:
        """What is logged of an error by whomever, libraries too; see `trace`."""
        return format_traceback(ei[1])


def start_logging() -> None:
    """Send all logs to stderr; libraries that log each call only speak up for trouble."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _JsonLineFormatter(
            "{levelname}{name}{message}",
            style="{",
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "error"},
            timestamp="at",
            json_ensure_ascii=False,
        )
    )
    handler.addFilter(_add_ticket_id)
    handler.addFilter(_redact_secrets)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # Bolt warns at every start that it takes no token from the environment; that is meant so.
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)
    # arq's own would say the same once more, and not as JSON.
    logging.getLogger("arq").handlers.clear()
    for name in ("slack_sdk", "arq"):
        logging.getLogger(name).setLevel(logging.WARNING)


@contextmanager
def ticket_log_context(ticket_id: str) -> Iterator[None]:
    """Whatever is logged in here is about this ticket, and says so."""
    token = _ticket_id.set(ticket_id)
    try:
        yield
    finally:
        _ticket_id.reset(token)


def format_traceback(error: BaseException) -> str:
    """What kind of error, and where it was raised; not its message, which may quote people."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"


def _add_ticket_id(record: logging.LogRecord) -> bool:
    if ticket_id := _ticket_id.get():
        record.ticket = ticket_id
    return True


def _redact_secrets(record: logging.LogRecord) -> bool:
    """slack_sdk logs the address of a socket it can't open, and that opens the door to it."""
    said = record.getMessage()
    if _SOCKET_TICKET.search(said):
        record.msg, record.args = _SOCKET_TICKET.sub(r"\1…", said), None
    return True
