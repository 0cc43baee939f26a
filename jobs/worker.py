"""The worker (`arq jobs.worker.WorkerSettings`): a function for each step, and what it looks at."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, ClassVar

from arq import cron
from arq.worker import func

from jobs import notify
from jobs.assign_ticket import assign_ticket
from jobs.deliver_webhooks import deliver_webhooks
from jobs.doctor import KEEP_SECONDS, examine_outside
from jobs.gemini import Gemini
from jobs.incidents import answer_all
from jobs.learn_from_ticket import learn_from_ticket
from jobs.policies import GOES_ON, LONGEST_TRY
from jobs.refresh_cards import refresh_cards
from jobs.retrying import Tools, Work, do_steps
from jobs.sweep import (
    ask_about_people,
    keep_sweeping,
    take_back_orphans,
    take_up_what_can_be_read,
)
from jobs.tell_admins import tell_admins
from jobs.triage_again import triage_again
from jobs.triage_ticket import triage_ticket
from jobs.try_out import KEEP_SECONDS as KEEP_TRIAL_SECONDS
from jobs.try_out import try_out
from models.logs import start_logging
from models.metrics import serve
from models.opening import open_desk
from models.queue import from_bytes, to_bytes, worker_connection
from models.settings import QueueSettings, read_settings
from models.step import Step

DATABASE_SECONDS = 10
SLACK_SECONDS = 10
log = logging.getLogger(__name__)

WORK: Mapping[Step, Work] = {
    Step.TRIAGE: triage_ticket,
    Step.ASSIGN: assign_ticket,
    Step.DM_REQUESTER: notify.dm_requester,
    Step.DM_ASSIGNEE: notify.dm_assignee,
    Step.EMAIL_ASSIGNEE: notify.email_assignee,
    Step.ASK_REQUESTER: notify.ask_requester,
    Step.DM_WATCHERS: notify.dm_watchers,
    Step.REFRESH_CARDS: refresh_cards,
    Step.TELL_ADMINS: tell_admins,
    Step.DELIVER_WEBHOOKS: deliver_webhooks,
    Step.LEARN: learn_from_ticket,
    Step.TRIAGE_AGAIN: triage_again,
    Step.ANSWER_ALL: answer_all,
}


async def work_at(ctx: dict[str, Any], ticket_id: str) -> None:
    """Do what is due of a ticket, whatever step it was rung for."""
    await do_steps(ctx["tools"], WORK, ticket_id, ending=ctx["ending"])


async def start(ctx: dict[str, Any]) -> None:
    """Open the desk and, where there is a key, Gemini."""
    start_logging()
    settings = read_settings()
    stack = AsyncExitStack()
    desk = await stack.enter_async_context(
        open_desk(
            settings,
            database_seconds=DATABASE_SECONDS,
            slack_seconds=SLACK_SECONDS,
            hurried=False,
        )
    )
    gemini = Gemini.of(settings)
    if gemini:
        stack.callback(gemini.close)
    if settings.metrics_port:
        serve(settings.host, settings.metrics_port)
    ctx["stack"] = stack
    ctx["tools"] = tools = Tools(desk=desk, gemini=gemini)
    sweeping = asyncio.create_task(keep_sweeping(tools))
    stack.callback(sweeping.cancel)
    stack.callback(tools.learning.end)
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
        *(func(work_at, name=step.value) for step in WORK),
        func(examine_outside, keep_result=KEEP_SECONDS),
        func(try_out, keep_result=KEEP_TRIAL_SECONDS),
    ]
    cron_jobs: ClassVar = [
        cron(take_back_orphans, second=30, timeout=DATABASE_SECONDS * 3),
        cron(ask_about_people, second=15, timeout=DATABASE_SECONDS * 3),
        cron(
            take_up_what_can_be_read,
            second=45,
            timeout=DATABASE_SECONDS * 3,
            run_at_startup=True,
        ),
    ]
    on_startup = start
    on_shutdown = stop
    redis_settings = worker_connection(QueueSettings().redis_url)
    job_serializer = to_bytes
    job_deserializer = from_bytes
    # A kept result would block the next ring with the same id.
    keep_result = 0
    # Attempts are counted in the ticket; arq would delete a job after five restarts.
    max_tries = 1000
    # A job that a killed worker leaves behind is refused by arq for 10 s more than this.
    job_timeout = (GOES_ON + LONGEST_TRY).total_seconds()
    # Who ends it waits ten seconds, and closing takes some of them.
    job_completion_wait = 7
    max_jobs = 20
    # Only so many queued ids are ever looked at, over all workers.
    queue_read_limit = 2000
    poll_delay = 0.02
    health_check_interval = 5
    log_results = False
