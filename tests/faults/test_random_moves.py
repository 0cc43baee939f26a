"""Any moves of any people in any order, with crashes, repetitions and ended leases in between.

The state machine runs in a thread of its own, for Hypothesis waits for each step; what it does is
done on the loop on which the desk's stage lives.
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
# Whatever is still to be done is done by then, pauses of failed steps included.
_SETTLES_SECONDS = 60
_REST_SECONDS = 3
_MOST_SECONDS = 120
_FAULTS = (
    Fault(error="internal_error", fails_after_success=True),
    Fault(resets_connection=True),
    Fault(status=503),
    Fault(status=429, retry_after_seconds=1),
)
_SOLUTION = "How was it solved?"
_METHODS = ("chat.postMessage", "chat.update", "conversations.open", "users.info")
_TEXTS = ("VPN is down", "Okta and VPN", "Help!")
_LETTER_FAULTS = (MailFault.GREYLIST, MailFault.DISCONNECT_AFTER_DATA, MailFault.TOO_MANY_EMAILS)

_PEOPLE = ("opens", "presses", "presses_twice", "press_at_once", "repeats", "rests")
_TROUBLE = (
    "kills",
    "lets_leases_end",
    "empties_redis",
    "slack_fails",
    "opens_while_slack_fails",
    "mail_fails",
    "changes_a_role",
)
# As much of one as of the other; people press more than they open.
_HAPPENINGS = (*_PEOPLE, "presses", "presses", *_TROUBLE)
_ANY = st.integers(0, 999)


class ButtonPress(NamedTuple):
    """A button that somebody has in front of them."""

    person: Person
    card: Message
    button: str


class RandomMoves(RuleBasedStateMachine):
    """The desk and all that may happen to it."""

    proxied_world: ProxiedWorld
    loop: asyncio.AbstractEventLoop

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        """Have it done on the stage's loop, and wait for it; Hypothesis knows no await."""
        try:
            return asyncio.run_coroutine_threadsafe(what, self.loop).result(_MOST_SECONDS)
        except TimeoutError as late:
            # Not as it is: asyncio hands a TimeoutError on without what is written on it.
            raise AssertionError(f"too late: {late}\n{_where_all_stand(self.loop)}") from late

    @property
    def people(self) -> list[Person]:
        """Who asks and who helps."""
        cast = self.proxied_world.world.personas
        return [cast.ada, cast.bob, cast.eve, cast.grace]

    @initialize()
    def begins(self) -> None:
        """There is a ticket, and nothing has been done with it yet."""
        self.do(self.proxied_world.reset())
        self.opens(0, 0)

    @rule(what=st.sampled_from(_HAPPENINGS), one=_ANY, other=_ANY)
    def happens(self, what: str, one: int, other: int) -> None:
        """One thing of all that may; the numbers say which one of its kind.

        It is one rule, since of several Hypothesis leaves out most in each run, so that hardly
        anybody had a ticket to claim.
        """
        getattr(self, what)(one, other)

    def opens(self, one: int, other: int) -> None:
        """Somebody sends the form."""
        self.do(open_ticket(_of(self.people, one), _of(_TEXTS, other)))

    def presses(self, one: int, other: int) -> None:
        """Somebody presses a button they see."""
        self.do(_press(*self._picked((one, other))))

    def presses_twice(self, one: int, other: int) -> None:
        """Somebody presses a button twice, since nothing seems to happen."""
        self.do(_press(*self._picked((one, other), (one, other))))

    def press_at_once(self, one: int, other: int) -> None:
        """Two buttons at the same moment."""
        self.do(_press(*self._picked((one, other), (other, one))))

    def repeats(self, one: int, _: int) -> None:
        """The network delivers once more what was pressed or sent before."""
        slack = self.proxied_world.world.slack
        names = ("block_actions", "view_submission")
        sent = [entry for name in names for entry in slack.traffic_log.deliveries(name)]
        self.do(slack.resend(_of(sent, one)))

    def rests(self, _one: int, _other: int) -> None:
        """Nobody does anything for a while."""
        self.do(_rest(self.proxied_world.world))

    def kills(self, one: int, _: int) -> None:
        """Bot or worker dies, and is started again."""
        process = self.proxied_world.process(_of(("bot", "worker"), one))
        self.do(process.kill())
        self.do(process.start())

    def lets_leases_end(self, _one: int, _other: int) -> None:
        """Half a minute passes for whoever holds a step, at work or dead."""
        self.do(expire_leases(self.proxied_world.world))

    def empties_redis(self, _one: int, _other: int) -> None:
        """Redis is empty."""
        self.do(_forget(self.proxied_world.world.redis))

    def slack_fails(self, one: int, other: int) -> None:
        """The next calls of a method end badly."""
        fault, method = _of(_FAULTS, one), _of(_METHODS, other)
        self.proxied_world.world.slack.faults.add(method, fault, times=1 + other % 2)

    def opens_while_slack_fails(self, one: int, other: int) -> None:
        """The first messages about a ticket end badly."""
        self.proxied_world.world.slack.faults.add("chat.postMessage", _of(_FAULTS, other), times=2)
        self.opens(one, other)

    def mail_fails(self, one: int, _: int) -> None:
        """The next letter has a hard time."""
        self.proxied_world.world.mail.add_fault(_of(_LETTER_FAULTS, one), times=1)

    def changes_a_role(self, one: int, _: int) -> None:
        """Eve is a moderator, or is not any more."""
        role, cast = _of(("Moderator", "User"), one), self.proxied_world.world.personas
        self.do(
            set_role_and_skills(
                self.proxied_world.world.slack, cast.grace, cast.eve, role=role, skills=["vpn"]
            )
        )

    def teardown(self) -> None:
        """All is as it must be."""
        self.do(self._ends())

    def _picked(self, *numbers: tuple[int, int]) -> list[ButtonPress]:
        """By what is written on a button, and then whose it is: each kind as often as another."""
        buttons = [
            ButtonPress(person, message, button)
            for person in self.people
            for message in person.messages
            for button in message.buttons
        ]
        words = sorted({press.button for press in buttons})
        if not words:
            return []
        return [
            _of([press for press in buttons if press.button == _of(words, one)], other)
            for one, other in numbers
        ]

    async def _ends(self) -> None:
        world = self.proxied_world.world
        world.slack.faults.clear()
        world.mail.clear_faults()
        await expire_leases(world)
        async with asyncio.timeout(_SETTLES_SECONDS):
            await wait_until_no_pending_steps(world)
        cast = world.personas
        await check_invariants(world, former_moderator_ids={cast.bob.id, cast.eve.id})
        statuses = {ticket["status"] for ticket in await world.find_documents("tickets")}
        assert statuses <= {"offered", "claimed", "resolved"}


def _where_all_stand(loop: asyncio.AbstractEventLoop) -> str:
    """What each task and each thread is at."""
    with TemporaryFile("w+", encoding="utf-8") as said:
        for task in asyncio.all_tasks(loop):
            task.print_stack(file=said)
        said.flush()
        faulthandler.dump_traceback(said)
        said.seek(0)
        return said.read()


def _of(several: Sequence[T], number: int) -> T:
    """One of them."""
    return several[number % len(several)]


async def _rest(world: World) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_REST_SECONDS):
            await wait_until_no_pending_steps(world)


async def _forget(redis: Redis) -> None:
    await redis.flushdb()


async def _press(*presses: ButtonPress) -> None:
    """Press at once; a card may have changed before the finger was there."""
    presses_now = (press.person.click(press.card, press.button) for press in presses)
    for outcome in await asyncio.gather(*presses_now, return_exceptions=True):
        if isinstance(outcome, BaseException) and not isinstance(outcome, LookupError):
            raise outcome
    for person in {press.person for press in presses}:
        await _sends_what_is_open(person)


async def _sends_what_is_open(person: Person) -> None:
    """Some buttons open a form."""
    if person.modal and person.modal.submit:
        if _SOLUTION in person.modal.labels:
            await person.fill(_SOLUTION, "Signed in anew")
        await person.submit_modal()
    while person.modal:
        await person.close_modal()


@pytest.mark.fault("F25", "F51", "F54", "F81")
async def test_whatever_people_do_in_whatever_order_the_invariants_hold(
    proxied_world: ProxiedWorld, request: pytest.FixtureRequest
) -> None:
    every = request.config.getoption("every")

    RandomMoves.proxied_world, RandomMoves.loop = proxied_world, asyncio.get_running_loop()
    chosen = settings(
        MANY if every else FEW,
        deadline=None,
        database=None,
        # A shorter way to the same failure would take minutes to find.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, RandomMoves, settings=chosen)
