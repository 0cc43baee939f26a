"""The worker (`arq jobs.worker.WorkerSettings`): a function for each step, and what it looks at."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, ClassVar

from arq import cron
from arq.worker import func

from jobs.doctor import KEEP_HEALTH_RESULT_SECONDS, check_external_services
from jobs.engines.gemini import Gemini
from jobs.runner.retry_policies import MAX_HOLD_TIME, MAX_TRY_TIME
from jobs.runner.step_context import StepContext, StepFunction
from jobs.runner.step_runner import run_due_steps
from jobs.runner.sweep import (
    reassign_orphaned_tickets,
    refresh_stale_profiles,
    retry_quarantined,
    sweep_forever,
)
from jobs.steps import email_assignee, send_cards
from jobs.steps.alert_admins import alert_admins
from jobs.steps.answer_incident import answer_incident
from jobs.steps.assign_ticket import assign_ticket
from jobs.steps.deliver_webhooks import deliver_webhooks
from jobs.steps.learn_from_ticket import learn_from_ticket
from jobs.steps.refresh_cards import refresh_cards
from jobs.steps.retriage_ticket import retriage_ticket
from jobs.steps.triage_ticket import triage_ticket
from jobs.triage.dry_run import KEEP_DRY_RUN_RESULT_SECONDS as KEEP_TRIAL_SECONDS
from jobs.triage.dry_run import dry_run
from models.infra.logs import start_logging
from models.infra.metrics import start_metrics_server
from models.job_queue.arq_worker import worker_redis_settings
from models.job_queue.step_queue import job_from_bytes, job_to_bytes
from models.open_app import open_app
from models.settings import QueueSettings, read_settings
from models.tickets.pending_step import Step

DATABASE_TIMEOUT_SECONDS = 10
SLACK_TIMEOUT_SECONDS = 10
log = logging.getLogger(__name__)

STEP_FUNCTIONS: Mapping[Step, StepFunction] = {
    Step.TRIAGE: triage_ticket,
    Step.ASSIGN: assign_ticket,
    Step.DM_REQUESTER: send_cards.dm_requester,
    Step.DM_ASSIGNEE: send_cards.dm_assignee,
    Step.EMAIL_ASSIGNEE: email_assignee.email_assignee,
    Step.ASK_REQUESTER: send_cards.ask_requester,
    Step.DM_WATCHERS: send_cards.dm_watchers,
    Step.REFRESH_CARDS: refresh_cards,
    Step.ALERT_ADMINS: alert_admins,
    Step.DELIVER_WEBHOOKS: deliver_webhooks,
    Step.LEARN: learn_from_ticket,
    Step.RETRIAGE: retriage_ticket,
    Step.ANSWER_INCIDENT: answer_incident,
}


async def run_ticket(ctx: dict[str, Any], ticket_id: str) -> None:
    """Do what is due of a ticket, whatever step it was rung for."""
    await run_due_steps(ctx["tools"], STEP_FUNCTIONS, ticket_id, is_stopping=ctx["ending"])


async def start(ctx: dict[str, Any]) -> None:
    """Open the desk and, where there is a key, Gemini."""
    start_logging()
    settings = read_settings()
    stack = AsyncExitStack()
    service = await stack.enter_async_context(
        open_app(
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
    ctx["tools"] = tools = StepContext(service=service, gemini=gemini)
    sweeping = asyncio.create_task(sweep_forever(tools))
    stack.callback(sweeping.cancel)
    stack.callback(tools.model_cache.stop)
    log.info("triage by %s", settings.gemini_model if gemini else "the built-in engine (no key)")
    log.info("e-mail by %s", settings.smtp_host or "nobody (no SMTP_HOST)")
    log.info("ready for work")


async def stop(ctx: dict[str, Any]) -> None:
    """Close what `start` opened; arq comes here also when it could not start."""
    if stack := ctx.get("stack"):
        await stack.aclose()


class WorkerSettings:
    """What arq reads; it looks at this very class only, not at what it inherits."""

    functions: ClassVar = [
        *(func(run_ticket, name=step.value) for step in STEP_FUNCTIONS),
        func(
            check_external_services, name="examine_outside", keep_result=KEEP_HEALTH_RESULT_SECONDS
        ),
        func(dry_run, name="try_out", keep_result=KEEP_TRIAL_SECONDS),
    ]
    cron_jobs: ClassVar = [
        cron(reassign_orphaned_tickets, second=30, timeout=DATABASE_TIMEOUT_SECONDS * 3),
        cron(refresh_stale_profiles, second=15, timeout=DATABASE_TIMEOUT_SECONDS * 3),
        cron(
            retry_quarantined,
            second=45,
            timeout=DATABASE_TIMEOUT_SECONDS * 3,
            run_at_startup=True,
        ),
    ]
    on_startup = start
    on_shutdown = stop
    redis_settings = worker_redis_settings(QueueSettings().redis_url)
    job_serializer = job_to_bytes
    job_deserializer = job_from_bytes
    # A kept result would block the next ring with the same id.
    keep_result = 0
    # Attempts are counted in the ticket; arq would delete a job after five restarts.
    max_tries = 1000
    # A job that a killed worker leaves behind is refused by arq for 10 s more than this.
    job_timeout = (MAX_HOLD_TIME + MAX_TRY_TIME).total_seconds()
    # Who ends it waits ten seconds, and closing takes some of them.
    job_completion_wait = 7
    max_jobs = 20
    # Only so many queued ids are ever looked at, over all workers.
    queue_read_limit = 2000
    poll_delay = 0.02
    health_check_interval = 5
    log_results = False
