"""Make things go wrong, as they do in real life, and let them go right again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sandbox.services.mail_server import MailFault
from sandbox.slack.primitives.change_notifier import ChangeNotifier
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.faults import ANY_METHOD, Fault, FaultRule
from sandbox.world.world import World

RESTART_DELAY_SECONDS = 5
_RETRY_AFTER_SECONDS = 5
_SLOW_RESPONSE_CHUNKS = 8


@dataclass(frozen=True, slots=True)
class FaultToggle:
    """Something that is wrong until it is turned off again."""

    label: str
    hint: str
    turn_on: Callable[[], None]
    turn_off: Callable[[], None]


@dataclass(frozen=True, slots=True)
class OneShotFault:
    """Something that happens once."""

    label: str
    hint: str
    trigger: Callable[[], Awaitable[None]]


class FaultSwitches:
    """What can be made to go wrong in a world, by name."""

    def __init__(self, world: World) -> None:
        self.notifier = ChangeNotifier()
        self._world = world
        self._active_names: set[str] = set()
        self._rate_limit_rule: FaultRule | None = None
        self._restart_task: asyncio.Task[None] | None = None
        self._toggles = self._make_toggles()
        self._one_shot_faults = self._make_one_shot_faults()

    def _make_toggles(self) -> dict[str, FaultToggle]:
        gemini, mail = self._world.gemini, self._world.mail
        return {
            "slack_429": FaultToggle(
                "Slack answers “too many requests”",
                "Every call of the app to Slack gets 429, and is told when to come back.",
                self._start_rate_limiting,
                self._stop_rate_limiting,
            ),
            "gemini_down": FaultToggle(
                "Gemini is down",
                "Every question to Gemini gets 503 Service Unavailable.",
                lambda: gemini.respond_with_error(503),
                gemini.recover,
            ),
            "gemini_slow": FaultToggle(
                "Gemini is slow",
                f"Its answers come bit by bit, over {_SLOW_RESPONSE_CHUNKS} seconds.",
                lambda: gemini.respond_slowly(
                    interval_seconds=1, chunk_count=_SLOW_RESPONSE_CHUNKS
                ),
                gemini.recover,
            ),
            "gemini_nonsense": FaultToggle(
                "Gemini talks nonsense",
                "It answers in words instead of the JSON that it was asked for.",
                lambda: gemini.respond_with_text(
                    "Ah, an interesting question! Have you tried tea?"
                ),
                gemini.recover,
            ),
            "mail_refuses": FaultToggle(
                "The mail server refuses",
                f"It answers every letter with “{MailFault.BUSY}”.",
                lambda: mail.add_fault(MailFault.BUSY),
                mail.clear_faults,
            ),
        }

    def _make_one_shot_faults(self) -> dict[str, OneShotFault]:
        return {
            "kill_worker": OneShotFault(
                "Kill the worker",
                f"SIGKILL, in the middle of whatever it does. "
                f"It is started again after {RESTART_DELAY_SECONDS} seconds, as a supervisor would.",
                self._kill_worker,
            ),
            "empty_redis": OneShotFault(
                "Empty Redis",
                "FLUSHDB: all jobs that wait are gone.",
                self._empty_redis,
            ),
        }

    def switch_objects(self) -> list[Json]:
        """All of them, as `Switch` in `static/types.js` says."""
        toggles = [
            {"name": name, "kind": "toggle", "on": name in self._active_names}
            | {"label": one.label, "hint": one.hint}
            for name, one in self._toggles.items()
        ]
        blows = [
            {"name": name, "kind": "once", "on": False, "label": one.label, "hint": one.hint}
            for name, one in self._one_shot_faults.items()
        ]
        return [*toggles, *blows]

    async def set_switch(self, name: str, *, on: bool) -> None:
        """Turn it on or off; what happens once just happens.

        Raises:
            LookupError: there is no such switch.
        """
        if name in self._one_shot_faults:
            await self._one_shot_faults[name].trigger()
        elif name in self._toggles:
            self._set_toggle(name, on=on)
        else:
            raise LookupError("There is no such switch.")
        self.notifier.notify()

    async def close(self) -> None:
        """Have nothing happen any more."""
        if self._restart_task:
            self._restart_task.cancel()
            await asyncio.gather(self._restart_task, return_exceptions=True)

    def _set_toggle(self, name: str, *, on: bool) -> None:
        toggle = self._toggles[name]
        if not on:
            self._active_names.discard(name)
            toggle.turn_off()
            return
        # One thing goes wrong in one way at a time: the three of Gemini exclude each other.
        self._active_names = {
            one for one in self._active_names if self._toggles[one].turn_off != toggle.turn_off
        } | {name}
        toggle.turn_on()

    def _start_rate_limiting(self) -> None:
        fault = Fault(status=429, retry_after_seconds=_RETRY_AFTER_SECONDS)
        self._rate_limit_rule = self._rate_limit_rule or self._world.slack.faults.add(
            ANY_METHOD, fault
        )

    def _stop_rate_limiting(self) -> None:
        if self._rate_limit_rule:
            self._world.slack.faults.remove(self._rate_limit_rule)
            self._rate_limit_rule = None

    async def _empty_redis(self) -> None:
        await self._world.redis.flushdb()

    async def _kill_worker(self) -> None:
        await self._world.worker.kill()
        if self._restart_task is None or self._restart_task.done():
            self._restart_task = asyncio.create_task(self._start_worker())

    async def _start_worker(self) -> None:
        await asyncio.sleep(RESTART_DELAY_SECONDS)
        await self._world.worker.start()
        self.notifier.notify()
