"""Any moves of any people in any order, with crashes, repetitions and ended leases in between.

The state machine runs in a thread of its own, for Hypothesis waits for each step; what it does is
done on the loop on which the desk's stage lives.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, NamedTuple, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis.asyncio import Redis

from sandbox.mail import MailFault
from sandbox.slack.faults import Fault
from sandbox.slack.person import Person
from sandbox.slack.seen import Message
from tests.faults.invariants import check_invariants
from tests.faults.walking import Stage
from tests.stories.acts import gives, leases_end, nothing_pends, opens_ticket

T = TypeVar("T")
FEW = settings(max_examples=2, stateful_step_count=6, derandomize=True)
MANY = settings(max_examples=20, stateful_step_count=25, print_blob=True)
# Whatever is still to be done is done by then, pauses of failed steps included.
_SETTLES_SECONDS = 60
_FAULTS = (
    Fault(error="internal_error", after=True),
    Fault(accept_then_reset=True),
    Fault(status=503),
    Fault(status=429, retry_after=1),
)
_SOLUTION = "How was it solved?"
_METHODS = ("chat.postMessage", "chat.update", "conversations.open", "users.info")
_LETTER_FAULTS = (MailFault.GREYLIST, MailFault.CUT_AFTER_DATA, MailFault.TOO_MANY)


class Press(NamedTuple):
    """A button that somebody has in front of them."""

    person: Person
    card: Message
    button: str


class AnyOrder(RuleBasedStateMachine):
    """The desk and all that may happen to it."""

    stage: Stage
    loop: asyncio.AbstractEventLoop

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        """Have it done on the stage's loop, and wait for it; Hypothesis knows no await."""
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(timeout=120)

    @property
    def people(self) -> list[Person]:
        """Who asks and who helps."""
        cast = self.stage.world.cast
        return [cast.ada, cast.bob, cast.eve, cast.grace]

    @initialize()
    def begins(self) -> None:
        """Nothing has happened yet."""
        self.tickets = 0
        self.kept: list[Press] = []
        self.do(self.stage.begins_anew())

    @rule(who=st.integers(0, 3), text=st.sampled_from(["VPN is down", "Okta and VPN", "Help!"]))
    def opens(self, who: int, text: str) -> None:
        """Somebody sends the form."""
        self.do(opens_ticket(self.people[who], text))
        self.tickets += 1

    @precondition(lambda self: self.tickets)
    @rule(which=st.integers(0, 50), twice=st.booleans())
    def presses(self, which: int, twice: bool) -> None:
        """Somebody presses a button they see; or twice, since nothing seems to happen."""
        if press := self._pick(self._buttons(), which):
            self.kept.append(press)
            self.do(_press(press, *([press] if twice else [])))

    @precondition(lambda self: self.tickets)
    @rule(one=st.integers(0, 50), other=st.integers(0, 50))
    def press_at_once(self, one: int, other: int) -> None:
        """Two buttons at the same moment."""
        presses = [self._pick(self._buttons(), which) for which in (one, other)]
        self.do(_press(*filter(None, presses)))

    @precondition(lambda self: self.kept)
    @rule(which=st.integers(0, 50))
    def repeats(self, which: int) -> None:
        """The network delivers once more what was pressed or sent before."""
        slack = self.stage.world.slack
        names = ("block_actions", "view_submission")
        sent = [entry for name in names for entry in slack.journal.deliveries(name)]
        if sent:
            self.do(slack.redeliver(sent[which % len(sent)]))

    @rule(bot=st.booleans())
    def kills(self, bot: bool) -> None:
        """Bot or worker dies, and is started again."""
        process = self.stage.process("bot" if bot else "worker")
        self.do(process.kill())
        self.do(process.start())

    @rule()
    def leases_end(self) -> None:
        """Half a minute passes for whoever holds a step, at work or dead."""
        self.do(leases_end(self.stage.world))

    @rule()
    def redis_forgets(self) -> None:
        """Redis is empty."""
        self.do(_forget(self.stage.world.redis))

    @rule(fault=st.sampled_from(_FAULTS), method=st.sampled_from(_METHODS), times=st.integers(1, 2))
    def slack_fails(self, fault: Fault, method: str, times: int) -> None:
        """The next calls of this method end badly."""
        self.stage.world.slack.faults.add(method, fault, times=times)

    @rule(who=st.integers(0, 3), fault=st.sampled_from(_FAULTS))
    def opens_while_slack_fails(self, who: int, fault: Fault) -> None:
        """The first messages about a ticket end badly."""
        self.stage.world.slack.faults.add("chat.postMessage", fault, times=2)
        self.opens(who, "VPN is down")

    @rule(fault=st.sampled_from(_LETTER_FAULTS))
    def mail_fails(self, fault: MailFault) -> None:
        """The next letter has a hard time."""
        self.stage.world.mail.fails(fault, times=1)

    @rule(moderates=st.booleans())
    def changes_a_role(self, moderates: bool) -> None:
        """Eve is a moderator, or is not any more."""
        role, cast = "Moderator" if moderates else "User", self.stage.world.cast
        self.do(gives(self.stage.world.slack, cast.grace, cast.eve, role=role, skills=["vpn"]))

    def teardown(self) -> None:
        """All is as it must be."""
        self.do(self._ends())

    def _buttons(self) -> list[Press]:
        return [
            Press(person, message, button)
            for person in self.people
            for message in person.messages
            for button in message.buttons
        ]

    def _pick(self, presses: list[Press], which: int) -> Press | None:
        return presses[which % len(presses)] if presses else None

    async def _ends(self) -> None:
        world = self.stage.world
        world.slack.faults.clear()
        world.mail.recovers()
        await leases_end(world)
        async with asyncio.timeout(_SETTLES_SECONDS):
            await nothing_pends(world)
        cast = world.cast
        await check_invariants(world, moderated={cast.bob.id, cast.eve.id})
        statuses = {ticket["status"] for ticket in await world.documents("tickets")}
        assert statuses <= {"offered", "claimed", "resolved"}


async def _forget(redis: Redis) -> None:
    await redis.flushdb()


async def _press(*presses: Press) -> None:
    """Press at once; a card may have changed before the finger was there."""
    presses_now = (press.person.clicks(press.card, press.button) for press in presses)
    for outcome in await asyncio.gather(*presses_now, return_exceptions=True):
        if isinstance(outcome, BaseException) and not isinstance(outcome, LookupError):
            raise outcome
    for person in {press.person for press in presses}:
        await _sends_what_is_open(person)


async def _sends_what_is_open(person: Person) -> None:
    """Some buttons open a form."""
    if person.modal and person.modal.submit:
        if _SOLUTION in person.modal.labels:
            await person.fills(_SOLUTION, "Signed in anew")
        await person.submits()
    while person.modal:
        await person.closes()


@pytest.mark.fault("F25", "F51", "F54", "F81")
async def test_whatever_people_do_in_whatever_order_the_invariants_hold(
    stage: Stage, request: pytest.FixtureRequest
) -> None:
    every = request.config.getoption("every")

    AnyOrder.stage, AnyOrder.loop = stage, asyncio.get_running_loop()
    chosen = settings(
        MANY if every else FEW,
        deadline=None,
        database=None,
        # A shorter way to the same failure would take minutes to find.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, AnyOrder, settings=chosen)
