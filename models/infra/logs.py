"""Logs of bot and worker: JSON lines on stderr, times in UTC, never texts that people wrote."""

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
    """Formats a record as a line of JSON, without the messages of exceptions."""

    def formatException(self, ei: Any) -> Any:
        """The traceback without the message, also for libraries; see `format_traceback`."""
        return format_traceback(ei[1])


def start_logging() -> None:
    """Send all logs to stderr; libraries that log each call are limited to warnings."""
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
    # Bolt warns at each start that it ignores the token in the environment; this is intended.
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)
    # arq's own handler would repeat each line, and not as JSON.
    logging.getLogger("arq").handlers.clear()
    for name in ("slack_sdk", "arq"):
        logging.getLogger(name).setLevel(logging.WARNING)


@contextmanager
def ticket_log_context(ticket_id: str) -> Iterator[None]:
    """Add this ticket's id to each line that is logged inside this block."""
    token = _ticket_id.set(ticket_id)
    try:
        yield
    finally:
        _ticket_id.reset(token)


def format_traceback(error: BaseException) -> str:
    """The class and the traceback of an error, without its message, which may quote people."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"


def _add_ticket_id(record: logging.LogRecord) -> bool:
    if ticket_id := _ticket_id.get():
        record.ticket = ticket_id
    return True


def _redact_secrets(record: logging.LogRecord) -> bool:
    """Remove the secret from socket addresses: slack_sdk logs the address that it can't open.

    Anyone with the whole address could connect to the app's socket.
    """
    message = record.getMessage()
    if _SOCKET_TICKET.search(message):
        record.msg, record.args = _SOCKET_TICKET.sub(r"\1…", message), None
    return True
