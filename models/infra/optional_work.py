"""Optional work: similar tickets, training examples, incidents. Its failure stops nothing."""

import logging
from collections.abc import Awaitable
from typing import TypeVar

from models.infra.logs import format_traceback

Result = TypeVar("Result")
log = logging.getLogger(__name__)


async def optional(work: Awaitable[Result], *, default: Result, name: str) -> Result:
    """The result of the work, or the default if it fails.

    Args:
        name: the work, for the log.
    """
    try:
        return await work
    except Exception as error:
        # The message of an error may quote people.
        log.error("left out: %s: %s", name, format_traceback(error))  # noqa: TRY400
        return default
