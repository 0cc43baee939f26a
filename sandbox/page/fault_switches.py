"""The fault switches: break a part of the sandbox on purpose, and repair it again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sandbox.services.mail_server import MailFault
from sandbox.services.processes import Process, ProcessFailed
from sandbox.slack.primitives.change_notifier import ChangeNotifier
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.faults import ANY_METHOD, Fault, FaultRule
from sandbox.world.world import World

RESTART_DELAY_SECONDS = 5
_RETRY_AFTER_SECONDS = 5
_SLOW_RESPONSE_CHUNKS = 8


@dataclass(frozen=True, slots=True)
class FaultToggle:
    """A fault that lasts until it is switched off."""

    label: str
    hint: str
    turn_on: Callable[[], None]
    turn_off: Callable[[], None]


@dataclass(frozen=True, slots=True)
class OneShotFault:
    """A fault that happens once."""

    label: str
    hint: str
    trigger: Callable[[], Awaitable[None]]


class FaultSwitches:
    """All faults of a world, by name."""

    def __init__(self, world: World) -> None:
        self.notifier = ChangeNotifier()
        self._world = world
        self._active_names: set[str] = set()
        self._rate_limit_rule: FaultRule | None = None
        self._restart_tasks: dict[str, asyncio.Task[None]] = {}
        self._toggles = {
            **self._slack_and_mail_toggles(),
            **self._gemini_toggles(),
            **self._database_toggles(),
        }
        self._one_shot_faults = self._make_one_shot_faults()

    def _slack_and_mail_toggles(self) -> dict[str, FaultToggle]:
        mail = self._world.mail
        return {
            "slack_429": FaultToggle(
                "Slack answers “too many requests”",
                "Slack answers 429 to every API call and says when to call again.",
                self._start_rate_limiting,
                self._stop_rate_limiting,
            ),
            "mail_refuses": FaultToggle(
                "The mail server refuses",
                f"It answers “{MailFault.BUSY}” to every e-mail.",
                lambda: mail.add_fault(MailFault.BUSY),
                mail.clear_faults,
            ),
        }

    def _gemini_toggles(self) -> dict[str, FaultToggle]:
        gemini = self._world.gemini
        return {
            "gemini_down": FaultToggle(
                "Gemini is down",
                "Gemini answers 503 Service Unavailable to every request.",
                lambda: gemini.respond_with_error(503),
                gemini.recover,
            ),
            "gemini_slow": FaultToggle(
                "Gemini is slow",
                f"Gemini sends each answer in small parts over {_SLOW_RESPONSE_CHUNKS} seconds.",
                lambda: gemini.respond_slowly(
                    interval_seconds=1, chunk_count=_SLOW_RESPONSE_CHUNKS
                ),
                gemini.recover,
            ),
            "gemini_nonsense": FaultToggle(
                "Gemini sends invalid answers",
                "Gemini answers with plain text instead of the requested JSON.",
                lambda: gemini.respond_with_text(
                    "Ah, an interesting question! Have you tried tea?"
                ),
                gemini.recover,
            ),
        }

    def _database_toggles(self) -> dict[str, FaultToggle]:
        mongodb = self._world.servers.mongodb
        return {
            "mongodb_down": FaultToggle(
                "MongoDB is down",
                "MongoDB stops (SIGSTOP) and answers nothing until you switch this off.",
                mongodb.suspend,
                mongodb.resume,
            ),
        }

    def _make_one_shot_faults(self) -> dict[str, OneShotFault]:
        restart = f"It starts again after {RESTART_DELAY_SECONDS} seconds."
        return {
            "kill_worker": OneShotFault(
                "Kill the worker",
                f"SIGKILL, even in the middle of a step. {restart}",
                lambda: self._kill_and_restart(self._world.worker),
            ),
            "kill_bot": OneShotFault(
                "Kill the bot",
                f"SIGKILL, even while it answers Slack. {restart}",
                lambda: self._kill_and_restart(self._world.bot),
            ),
            "empty_redis": OneShotFault(
                "Empty Redis",
                "FLUSHDB: Redis loses all waiting jobs.",
                self._empty_redis,
            ),
        }

    def switch_objects(self) -> list[Json]:
        """Return all switches, in the form of `Switch` in `static/types.js`."""
        toggles = [
            {"name": name, "kind": "toggle", "on": name in self._active_names}
            | {"label": toggle.label, "hint": toggle.hint}
            for name, toggle in self._toggles.items()
        ]
        one_shots = [
            {"name": name, "kind": "once", "on": False, "label": fault.label, "hint": fault.hint}
            for name, fault in self._one_shot_faults.items()
        ]
        return [*toggles, *one_shots]

    async def set_switch(self, name: str, *, on: bool) -> None:
        """Turn a toggle on or off; a one-shot fault happens at once.

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
        """Cancel planned restarts and let MongoDB run again.

        A stopped MongoDB would block the end of bot and worker.
        """
        self._world.servers.mongodb.resume()
        for task in self._restart_tasks.values():
            task.cancel()
        await asyncio.gather(*self._restart_tasks.values(), return_exceptions=True)

    def _set_toggle(self, name: str, *, on: bool) -> None:
        toggle = self._toggles[name]
        if not on:
            self._active_names.discard(name)
            toggle.turn_off()
            return
        # Gemini has one fault at a time; its three toggles share one `turn_off`.
        self._active_names = {
            active
            for active in self._active_names
            if self._toggles[active].turn_off != toggle.turn_off
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

    async def _kill_and_restart(self, process: Process) -> None:
        await process.kill()
        task = self._restart_tasks.get(process.name)
        if task is None or task.done():
            self._restart_tasks[process.name] = asyncio.create_task(self._restart(process))

    async def _restart(self, process: Process) -> None:
        """Start a process again, as often as needed, as a supervisor does."""
        while not process.is_alive:
            await asyncio.sleep(RESTART_DELAY_SECONDS)
            try:
                await process.start()
            except ProcessFailed:
                # It needs MongoDB, which may be stopped by a switch.
                continue
        self.notifier.notify()
