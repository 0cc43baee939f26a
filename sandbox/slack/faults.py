"""Ways in which Slack's Web API can let an app down, put in by a test and taken out again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.slack.shapes import Json

EVERY_METHOD = "*"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way of failing. With `after`, the thing asked for was done before the failure.

    With `until`, nothing is done before that event is set.
    """

    status: int | None = None
    retry_after: int | None = None
    body: str = ""
    content_type: str = "text/html"
    error: str | None = None
    broken_json: bool = False
    accept_then_reset: bool = False
    delay: float = 0
    until: asyncio.Event | None = None
    hang: bool = False
    after: bool = False

    @property
    def answers(self) -> bool:
        """Whether it replaces the answer; a mere delay does not."""
        return bool(self.status or self.error or self.broken_json or self.accept_then_reset)

    @property
    def does_it_first(self) -> bool:
        return self.after or self.accept_then_reset


@dataclass(slots=True)
class Rule:
    """A fault in place: for which method, how often still, and for which requests."""

    method: str
    fault: Fault
    times: int | None
    when: Callable[[Json], bool] | None

    def fits(self, method: str, request: Json) -> bool:
        return (
            self.method in (method, EVERY_METHOD)
            and self.times != 0
            and (self.when is None or self.when(request))
        )


class Faults:
    """All faults in place; the one added first is met first."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def add(
        self,
        method: str,
        fault: Fault,
        *,
        times: int | None = None,
        when: Callable[[Json], bool] | None = None,
    ) -> Rule:
        """`method` may be "*"; "response_url" stands for posts to response URLs."""
        rule = Rule(method=method, fault=fault, times=times, when=when)
        self.rules.append(rule)
        return rule

    def remove(self, rule: Rule) -> None:
        self.rules.remove(rule)

    def clear(self) -> None:
        self.rules.clear()

    def take(self, method: str, request: Json) -> Fault | None:
        for rule in self.rules:
            if rule.fits(method, request):
                if rule.times is not None:
                    rule.times -= 1
                return rule.fault
        return None
