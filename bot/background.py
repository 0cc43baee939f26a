"""Background tasks: work that continues after an answer, awaited at shutdown."""

import asyncio
import logging
from collections.abc import Coroutine
from contextvars import Context
from typing import Any

from models.errors import ExternalServiceError, UserFacingError
from models.infra.logs import format_traceback

log = logging.getLogger(__name__)


class BackgroundTasks:
    """Keeps references to running tasks, so none is lost or garbage-collected."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run this in the background; its errors are logged."""
        # A new context: the deadline of the answer is a context variable and must not apply here.
        task = asyncio.create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._log_result)

    async def wait(self, *, timeout_seconds: float) -> None:
        """Wait until the running tasks end, at most this long."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=timeout_seconds)

    def _log_result(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            is_expected = isinstance(error, (UserFacingError, ExternalServiceError))
            text = f"{type(error).__name__}: {error}" if is_expected else format_traceback(error)
            log.warning("a background task failed: %s", text)
