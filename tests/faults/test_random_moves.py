"""Random moves of several people, with crashes, repeated requests and expired leases in between.

The state machine runs in its own thread, because Hypothesis has no await. Its actions run on the
event loop of the fixtures.
"""

import asyncio
import faulthandler
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from tempfile import TemporaryFile
from typing import Any, NamedTuple, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from redis.asyncio import Redis

from sandbox.services.mail_server import MailFault
from sandbox.slack.actors.person import Person
from sandbox.slack.actors.rendered import Message
from sandbox.slack.state.faults import Fault
from sandbox.world.world import World
from tests.faults.invariants import check_invariants
from tests.faults.ticket_lifecycle import ProxiedWorld
from tests.stories.user_actions import (
    expire_leases,
    open_ticket,
    set_role_and_skills,
    wait_until_no_pending_steps,
)

T = TypeVar("T")
FEW = settings(max_examples=3, stateful_step_count=10, derandomize=True)
MANY = settings(max_examples=20, stateful_step_count=25, print_blob=True)
# All steps end within this time, including the delays of failed steps.
_MAX_SETTLE_SECONDS = 60
_WAIT_SECONDS = 3
_MAX_ACTION_SECONDS = 120
_FAULTS = (
    Fault(error="internal_error", fails_after_success=True),
    Fault(resets_connection=True),
    Fault(status=503),
    Fault(status=429, retry_after_seconds=1),
)
_SOLUTION = "How was it solved?"
_METHODS = ("chat.postMessage", "chat.update", "conversations.open", "users.info")
_TEXTS = ("VPN is down", "Okta and VPN", "Help!")
_EMAIL_FAULTS = (MailFault.GREYLIST, MailFault.DISCONNECT_AFTER_DATA, MailFault.TOO_MANY_EMAILS)

_USER_ACTIONS = (
    "submit_form",
    "press_button",
    "press_button_twice",
    "press_two_buttons",
    "resend_request",
    "wait_briefly",
)
_FAULT_ACTIONS = (
    "kill_process",
    "expire_all_leases",
    "empty_redis",
    "fail_slack_calls",
    "submit_form_while_slack_fails",
    "fail_next_email",
    "change_role_of_eve",
)
# About as many user actions as faults. People press buttons more often than they submit forms.
_ACTIONS = (*_USER_ACTIONS, "press_button", "press_button", *_FAULT_ACTIONS)
_ANY = st.integers(0, 999)


class ButtonPress(NamedTuple):
    """A button on a card that a person sees."""

    person: Person
    card: Message
    button: str


class RandomMoves(RuleBasedStateMachine):
    """A running world and the actions and faults that may happen in it."""

    proxied_world: ProxiedWorld
    loop: asyncio.AbstractEventLoop

    def run(self, action: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the event loop of the fixtures, and wait for it."""
        try:
            return asyncio.run_coroutine_threadsafe(action, self.loop).result(_MAX_ACTION_SECONDS)
        except TimeoutError as error:
            # asyncio passes a TimeoutError on without its message, so this raises another error.
            raise AssertionError(f"too late: {error}\n{_stacks(self.loop)}") from error

    @property
    def people(self) -> list[Person]:
        """The requester, the moderators and the admin."""
        cast = self.proxied_world.world.personas
        return [cast.ada, cast.bob, cast.eve, cast.grace]

    @initialize()
    def open_first_ticket(self) -> None:
        """Start with one new ticket."""
        self.run(self.proxied_world.reset())
        self.submit_form(0, 0)

    @rule(action=st.sampled_from(_ACTIONS), first=_ANY, second=_ANY)
    def act(self, action: str, first: int, second: int) -> None:
        """Run one action; the numbers choose person, button or fault.

        It is one rule, because Hypothesis disables most of several rules in each run. Then there
        would rarely be a ticket to claim.
        """
        getattr(self, action)(first, second)

    def submit_form(self, first: int, second: int) -> None:
        """A person submits the form."""
        self.run(open_ticket(_choose(self.people, first), _choose(_TEXTS, second)))

    def press_button(self, first: int, second: int) -> None:
        """A person presses a button they see."""
        self.run(_press(*self._choose_buttons((first, second))))

    def press_button_twice(self, first: int, second: int) -> None:
        """A person presses a button twice, because nothing seems to happen."""
        self.run(_press(*self._choose_buttons((first, second), (first, second))))

    def press_two_buttons(self, first: int, second: int) -> None:
        """Two buttons are pressed at the same time."""
        self.run(_press(*self._choose_buttons((first, second), (second, first))))

    def resend_request(self, first: int, _: int) -> None:
        """Slack sends an earlier request again."""
        slack = self.proxied_world.world.slack
        kinds = ("block_actions", "view_submission")
        requests = [entry for kind in kinds for entry in slack.traffic_log.deliveries(kind)]
        self.run(slack.resend(_choose(requests, first)))

    def wait_briefly(self, _first: int, _second: int) -> None:
        """Nobody does anything for some seconds."""
        self.run(_wait_briefly(self.proxied_world.world))

    def kill_process(self, first: int, _: int) -> None:
        """The bot or the worker is killed and started again."""
        process = self.proxied_world.process(_choose(("bot", "worker"), first))
        self.run(process.kill())
        self.run(process.start())

    def expire_all_leases(self, _first: int, _second: int) -> None:
        """All leases expire, of running and of dead workers."""
        self.run(expire_leases(self.proxied_world.world))

    def empty_redis(self, _first: int, _second: int) -> None:
        """Redis loses everything."""
        self.run(_empty_redis(self.proxied_world.world.redis))

    def fail_slack_calls(self, first: int, second: int) -> None:
        """The next calls of a Slack method fail."""
        fault, method = _choose(_FAULTS, first), _choose(_METHODS, second)
        self.proxied_world.world.slack.faults.add(method, fault, times=1 + second % 2)

    def submit_form_while_slack_fails(self, first: int, second: int) -> None:
        """The first messages about a new ticket fail."""
        self.proxied_world.world.slack.faults.add(
            "chat.postMessage", _choose(_FAULTS, second), times=2
        )
        self.submit_form(first, second)

    def fail_next_email(self, first: int, _: int) -> None:
        """The mail server fails once."""
        self.proxied_world.world.mail.add_fault(_choose(_EMAIL_FAULTS, first), times=1)

    def change_role_of_eve(self, first: int, _: int) -> None:
        """Eve becomes a moderator or stops being one."""
        role, cast = _choose(("Moderator", "User"), first), self.proxied_world.world.personas
        self.run(
            set_role_and_skills(
                self.proxied_world.world.slack, cast.grace, cast.eve, role=role, skills=["vpn"]
            )
        )

    def teardown(self) -> None:
        """Check the invariants."""
        self.run(self._settle_and_check())

    def _choose_buttons(self, *numbers: tuple[int, int]) -> list[ButtonPress]:
        """Choose a label first and then its person, so each label is equally likely."""
        buttons = [
            ButtonPress(person, message, button)
            for person in self.people
            for message in person.messages
            for button in message.buttons
        ]
        labels = sorted({press.button for press in buttons})
        if not labels:
            return []
        return [
            _choose([press for press in buttons if press.button == _choose(labels, first)], second)
            for first, second in numbers
        ]

    async def _settle_and_check(self) -> None:
        world = self.proxied_world.world
        world.slack.faults.clear()
        world.mail.clear_faults()
        await expire_leases(world)
        async with asyncio.timeout(_MAX_SETTLE_SECONDS):
            await wait_until_no_pending_steps(world)
        cast = world.personas
        await check_invariants(world, former_moderator_ids={cast.bob.id, cast.eve.id})
        statuses = {ticket["status"] for ticket in await world.find_documents("tickets")}
        assert statuses <= {"offered", "claimed", "resolved"}


def _stacks(loop: asyncio.AbstractEventLoop) -> str:
    """The stack of each task and each thread."""
    with TemporaryFile("w+", encoding="utf-8") as output:
        for task in asyncio.all_tasks(loop):
            task.print_stack(file=output)
        output.flush()
        faulthandler.dump_traceback(output)
        output.seek(0)
        return output.read()


def _choose(items: Sequence[T], number: int) -> T:
    return items[number % len(items)]


async def _wait_briefly(world: World) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_WAIT_SECONDS):
            await wait_until_no_pending_steps(world)


async def _empty_redis(redis: Redis) -> None:
    await redis.flushdb()


async def _press(*presses: ButtonPress) -> None:
    """Press all buttons at the same time. A card may have changed meanwhile."""
    clicks = (press.person.click(press.card, press.button) for press in presses)
    for outcome in await asyncio.gather(*clicks, return_exceptions=True):
        if isinstance(outcome, BaseException) and not isinstance(outcome, LookupError):
            raise outcome
    for person in {press.person for press in presses}:
        await _submit_open_form(person)


async def _submit_open_form(person: Person) -> None:
    """Submit the form that some buttons open."""
    if person.modal and person.modal.submit:
        if _SOLUTION in person.modal.labels:
            await person.fill(_SOLUTION, "Signed in again")
        await person.submit_modal()
    while person.modal:
        await person.close_modal()


@pytest.mark.fault("F25", "F51", "F54", "F81")
async def test_random_moves_keep_all_invariants(
    proxied_world: ProxiedWorld, request: pytest.FixtureRequest
) -> None:
    run_all = request.config.getoption("every")

    RandomMoves.proxied_world, RandomMoves.loop = proxied_world, asyncio.get_running_loop()
    machine_settings = settings(
        MANY if run_all else FEW,
        deadline=None,
        database=None,
        # Shrinking a failure would take minutes.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, RandomMoves, settings=machine_settings)
