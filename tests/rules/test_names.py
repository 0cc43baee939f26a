"""Steps, worker functions, buttons, forms and listeners refer to each other by the same names."""

import importlib
import inspect
import pkgutil
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.kwargs_injection.async_args import AsyncArgs
from slack_bolt.response import BoltResponse
from slack_bolt.util.utils import get_arg_names_of_callable

import bot
from bot.app import build_app
from bot.background import BackgroundTasks
from bot.services import BotServices
from jobs.runner.retry_policies import MAX_TRY_TIME, retry_policy
from jobs.worker import STEP_FUNCTIONS, WorkerSettings
from models.messages.slack_client import BotIdentity
from models.services import open_connections
from models.settings import Settings
from models.tickets.actions import ACTIONS, Button, Verb
from models.tickets.pending_step import LEASE_DURATION, STEP_LABELS, Step
from models.tickets.ticket import Status
from tests.rules.service_types import wrong_types

TEAM = "T1"
IDENTITY = BotIdentity(team_id=TEAM, team_name="Acme", bot_id="B1", bot_user_id="U0")
PERSON = {"id": "U1", "team_id": TEAM}
FORMS = [
    form.CALLBACK
    for found in pkgutil.walk_packages(bot.__path__, "bot.")
    if not found.name.endswith("__main__")
    if hasattr(form := importlib.import_module(found.name), "CALLBACK")
]


@pytest.fixture
async def services() -> AsyncIterator[BotServices]:
    """The services of the bot; nothing is connected before the first use."""
    settings = Settings.model_validate(
        {"slack_bot_token": "xoxb-1", "slack_signing_secret": "s", "jwt_secret": "j" * 32}
    )
    async with open_connections(
        settings, database_timeout_seconds=1, slack_timeout_seconds=1, interactive=True
    ) as connections:
        yield BotServices(connections, BackgroundTasks())


@pytest.fixture
def app(services: BotServices) -> AsyncApp:
    """The bot's app, as it is built for a workspace."""
    return build_app(services, IDENTITY)


def test_worker_functions_are_the_steps() -> None:
    """The bot calls two more functions of the worker and waits for their answers."""
    calls = {"examine_outside", "try_out"}

    assert {function.name for function in WorkerSettings.functions} == {*Step, *calls}


def test_timed_jobs_keep_their_names_in_the_queue() -> None:
    """A worker of an earlier release drops a job whose name it does not know."""
    names = {
        "take_back_orphans",
        "ask_about_people",
        "take_up_what_can_be_read",
        "send_lost_cards",
    }

    assert {job.name for job in WorkerSettings.cron_jobs} == {f"cron:{name}" for name in names}


def test_each_step_follows_from_a_move() -> None:
    """Six steps are requested elsewhere, as by a dead step, a failed triage or a long history."""
    following = {step for rule in ACTIONS.values() for step in rule.next_steps}
    requested_elsewhere = {
        Step.ALERT_ADMINS,
        Step.DELIVER_WEBHOOKS,
        Step.DM_WATCHERS,
        Step.RETRIAGE,
        Step.ANSWER_INCIDENT,
        Step.ARCHIVE_EVENTS,
    }

    assert following == set(Step) - requested_elsewhere


def test_each_step_has_a_function_and_a_label() -> None:
    assert set(STEP_FUNCTIONS) == set(STEP_LABELS) == set(Step)


def test_attempts_end_before_their_lease() -> None:
    longest = max(policy.timeout_seconds for policy in map(retry_policy, Step))
    assert longest < MAX_TRY_TIME.total_seconds() < LEASE_DURATION.total_seconds()


def test_each_verb_has_a_row() -> None:
    assert set(ACTIONS) == set(Verb)


def test_each_status_can_be_reached_and_left() -> None:
    assert {rule.to_status for rule in ACTIONS.values()} - {None} == set(Status)
    starts = {start for rule in ACTIONS.values() for start in rule.from_statuses}
    assert starts - {None} == set(Status)


async def test_each_button_has_a_listener(app: AsyncApp) -> None:
    assert [button for button in Button if not await _is_heard(app, _click(button.value))] == []
    assert not await _is_heard(app, _click("make_tea"))


async def test_each_form_has_a_listener(app: AsyncApp) -> None:
    assert len(FORMS) > 10
    assert [form for form in FORMS if not await _is_heard(app, _submission(form))] == []


async def test_listeners_ask_for_names_that_bolt_knows(app: AsyncApp) -> None:
    # Bolt fills a name it does not know with None, and only logs a warning.
    known = set(inspect.signature(AsyncArgs.__init__).parameters) - {"self", "kwargs"}
    known |= {"args", "request", "response", "next_"}

    unknown = {
        f"{function.__module__}.{function.__qualname__}({name})"
        for function in _called_by_bolt(app)
        for name in get_arg_names_of_callable(function)
        if name not in known
    }

    assert unknown == set()


async def test_listeners_get_the_types_that_they_declare(
    app: AsyncApp, services: BotServices
) -> None:
    listeners = [listener.ack_function for listener in _inner(app)["_async_listeners"]]

    assert len(listeners) > 50
    assert [each for function in listeners for each in wrong_types(function, services)] == []


async def test_error_handler_asks_for_names_that_bolt_knows(
    app: AsyncApp, services: BotServices
) -> None:
    handler = _inner(app)["_async_listener_runner"].listener_error_handler.func
    known = set(inspect.signature(AsyncArgs.__init__).parameters) - {"self", "kwargs"}

    assert set(get_arg_names_of_callable(handler)) <= known | {"error"}
    assert list(wrong_types(handler, services)) == []


def _click(action_id: str) -> dict[str, Any]:
    action = {"type": "button", "action_id": action_id, "block_id": "moves", "value": "T-1:1"}
    return {"type": "block_actions", "actions": [action]}


def _submission(callback_id: str) -> dict[str, Any]:
    view = {"type": "modal", "callback_id": callback_id, "state": {"values": {}}}
    return {"type": "view_submission", "view": view}


async def _is_heard(app: AsyncApp, body: dict[str, Any]) -> bool:
    """Whether one of the app's listeners takes this payload, by Bolt's own matching."""
    request = AsyncBoltRequest(mode="socket_mode", body={"user": PERSON, **body})
    response = BoltResponse(status=200)
    for listener in _inner(app)["_async_listeners"]:
        if await listener.async_matches(req=request, resp=response):
            return True
    return False


def _called_by_bolt(app: AsyncApp) -> Iterator[Callable[..., Any]]:
    """Our own functions that Bolt fills with arguments by their names."""
    for listener in _inner(app)["_async_listeners"]:
        yield from (listener.ack_function, *listener.lazy_functions)
        asked = [*listener.matchers, *listener.middleware]
        yield from _ours(asked)
    yield from _ours(_inner(app)["_async_middleware_list"])


def _ours(parts: list[Any]) -> list[Callable[..., Any]]:
    """The functions inside Bolt's matchers and middleware that are the bot's own."""
    functions = [part.func for part in parts if hasattr(part, "func")]
    return [function for function in functions if function.__module__.startswith("bot.")]


def _inner(app: AsyncApp) -> dict[str, Any]:
    # Bolt has no public list of what is registered.
    return vars(app)
