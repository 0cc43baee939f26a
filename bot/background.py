"""What goes on after an answer is given: kept track of, and waited for at the end."""

import asyncio
import logging
from collections.abc import Coroutine
from contextvars import Context
from typing import Any

from models.errors import ExternalServiceError, UserFacingError
from models.infra.logs import format_traceback

log = logging.getLogger(__name__)


class BackgroundTasks:
    """Tasks that nobody awaits, but that are never lost."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do this soon; what it raises is logged."""
        # In a context of its own: the time limit of the answer is none of what comes after it.
        task = asyncio.create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._log_result)

    async def wait(self, *, timeout_seconds: float) -> None:
        """Let the running tasks end, for so long at most."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=timeout_seconds)

    def _log_result(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            told = isinstance(error, (UserFacingError, ExternalServiceError))
            said = f"{type(error).__name__}: {error}" if told else format_traceback(error)
            log.warning("after an answer: %s", said)
