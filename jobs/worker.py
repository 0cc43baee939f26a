"""The arq worker (`arq jobs.worker.WorkerSettings`): step functions, checks and timed jobs."""

import asyncio
import logging
import pkgutil
from collections import ChainMap
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import wraps
from importlib import import_module
from typing import Any, ClassVar

from arq import cron
from arq.typing import WorkerCoroutine
from arq.worker import func

from jobs import steps
from jobs.doctor import KEEP_HEALTH_RESULT_SECONDS, check_external_services
from jobs.engines.gemini import Gemini
from jobs.runner.retry_policies import MAX_HOLD_TIME, MAX_TRY_TIME
from jobs.runner.step_function import BoundStep, StepFunction
from jobs.runner.step_runner import run_due_steps
from jobs.runner.sweep import (
    reassign_orphaned_tickets,
    refresh_stale_profiles,
    retry_quarantined,
    send_lost_cards,
    sweep_forever,
)
from jobs.services import WorkerServices
from jobs.triage.dry_run import KEEP_DRY_RUN_RESULT_SECONDS, dry_run
from models.infra.logs import start_logging
from models.infra.metrics import start_metrics_server
from models.job_queue.arq_worker import worker_redis_settings
from models.job_queue.step_queue import job_from_bytes, job_to_bytes
from models.services import bind, open_connections
from models.settings import QueueSettings, read_settings
from models.tickets.pending_step import Step

DATABASE_TIMEOUT_SECONDS = 10
SLACK_TIMEOUT_SECONDS = 10
log = logging.getLogger(__name__)


def _load_step_functions() -> Mapping[Step, StepFunction]:
    """The function of each step, from the modules in jobs/steps; it names the services it needs."""
    modules = (
        import_module(f"{steps.__name__}.{module.name}")
        for module in pkgutil.iter_modules(steps.__path__)
    )
    return ChainMap(*(module.STEPS for module in modules if hasattr(module, "STEPS")))


STEP_FUNCTIONS = _load_step_functions()


async def run_ticket(ctx: dict[str, Any], ticket_id: str) -> None:
    """Run all due steps of a ticket, whichever step the wake-up names."""
    services: WorkerServices = ctx["services"]
    step_functions: Mapping[Step, BoundStep] = ctx["step_functions"]
    await run_due_steps(
        ticket_id,
        step_functions,
        is_stopping=ctx["is_stopping"],
        ticket_service=services.ticket_service,
    )


def _with_services(function: Callable[..., Awaitable[object]]) -> WorkerCoroutine:
    """A function that arq can call, for one that names the worker's services it needs."""

    @wraps(function)
    async def run(ctx: dict[Any, Any], *args: Any, **_: Any) -> object:
        return await bind(function, ctx["services"])(*args)

    return run


async def start(ctx: dict[str, Any]) -> None:
    """Open the connections and, if there is a key, Gemini. Start the sweep."""
    start_logging()
    settings = read_settings()
    stack = AsyncExitStack()
    connections = await stack.enter_async_context(
        open_connections(
            settings,
            database_timeout_seconds=DATABASE_TIMEOUT_SECONDS,
            slack_timeout_seconds=SLACK_TIMEOUT_SECONDS,
            interactive=False,
        )
    )
    gemini = Gemini.from_settings(settings)
    if gemini:
        stack.callback(gemini.close)
    if settings.metrics_port:
        start_metrics_server(settings.host, settings.metrics_port)
    ctx["stack"] = stack
    ctx["services"] = services = WorkerServices(connections, gemini)
    ctx["step_functions"] = {step: bind(work, services) for step, work in STEP_FUNCTIONS.items()}
    sweep_task = asyncio.create_task(bind(sweep_forever, services)())
    stack.callback(sweep_task.cancel)
    stack.callback(services.model_cache.stop)
    engine = settings.gemini_model if gemini else "the built-in engine (GEMINI_API_KEY is not set)"
    log.info("the worker triages with %s", engine)
    log.info("the worker sends e-mail through %s", settings.smtp_host or "no server (no SMTP_HOST)")
    log.info("ready for work")


async def stop(ctx: dict[str, Any]) -> None:
    """Close everything `start` opened. arq 0.28 calls this also after a failed start."""
    if stack := ctx.get("stack"):
        await stack.aclose()


class WorkerSettings:
    """The settings arq reads. It reads this class only, no inherited attributes."""

    functions: ClassVar = [
        *(func(run_ticket, name=step.value) for step in STEP_FUNCTIONS),
        func(
            _with_services(check_external_services),
            name="examine_outside",
            keep_result=KEEP_HEALTH_RESULT_SECONDS,
        ),
        func(_with_services(dry_run), name="try_out", keep_result=KEEP_DRY_RUN_RESULT_SECONDS),
    ]
    cron_jobs: ClassVar = [
        # Any worker may take a timed job, and one that does not know its name drops it. So these
        # names stay. The last one is new in release 0.3, and missed runs are made up for.
        cron(
            _with_services(reassign_orphaned_tickets),
            name="cron:take_back_orphans",
            second=30,
            timeout=DATABASE_TIMEOUT_SECONDS * 3,
        ),
        cron(
            _with_services(refresh_stale_profiles),
            name="cron:ask_about_people",
            second=15,
            timeout=DATABASE_TIMEOUT_SECONDS * 3,
        ),
        cron(
            _with_services(retry_quarantined),
            name="cron:take_up_what_can_be_read",
            second=45,
            timeout=DATABASE_TIMEOUT_SECONDS * 3,
            run_at_startup=True,
        ),
        cron(
            _with_services(send_lost_cards),
            name="cron:send_lost_cards",
            second=5,
            timeout=DATABASE_TIMEOUT_SECONDS * 3,
            run_at_startup=True,
        ),
    ]
    on_startup = start
    on_shutdown = stop
    redis_settings = worker_redis_settings(QueueSettings().redis_url)
    job_serializer = job_to_bytes
    job_deserializer = job_from_bytes
    # arq refuses a job whose id still has a result, so the next wake-up would be lost.
    keep_result = 0
    # The ticket counts attempts. By default arq deletes a job after five restarts.
    max_tries = 1000
    # After a worker is killed, arq refuses its job for 10 s longer than this.
    job_timeout = (MAX_HOLD_TIME + MAX_TRY_TIME).total_seconds()
    # By default `docker stop` waits ten seconds, and closing needs some of them.
    job_completion_wait = 7
    max_jobs = 20
    # Each poll of arq looks at this many queued ids, jobs of all workers included.
    queue_read_limit = 2000
    poll_delay = 0.02
    health_check_interval = 5
    log_results = False
