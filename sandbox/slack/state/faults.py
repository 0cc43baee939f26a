"""Ways in which Slack's Web API can let an app down, put in by a test and taken out again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.slack.primitives.json_types import Json

ANY_METHOD = "*"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way of failing. With `after`, the thing asked for was done before the failure.

    With `until`, nothing is done before that event is set.
    """

    status: int | None = None
    retry_after_seconds: int | None = None
    body: str = ""
    content_type: str = "text/html"
    error: str | None = None
    broken_json: bool = False
    resets_connection: bool = False
    delay_seconds: float = 0
    release_event: asyncio.Event | None = None
    hangs: bool = False
    fails_after_success: bool = False

    @property
    def replaces_reply(self) -> bool:
        """Whether it replaces the answer; a mere delay does not."""
        return bool(self.status or self.error or self.broken_json or self.resets_connection)

    @property
    def applies_request(self) -> bool:
        return self.fails_after_success or self.resets_connection


@dataclass(slots=True)
class FaultRule:
    """A fault in place: for which method, how often still, and for which requests."""

    method: str
    fault: Fault
    remaining_times: int | None
    request_filter: Callable[[Json], bool] | None

    def matches(self, method: str, request: Json) -> bool:
        return (
            self.method in (method, ANY_METHOD)
            and self.remaining_times != 0
            and (self.request_filter is None or self.request_filter(request))
        )


class FaultRules:
    """All faults in place; the one added first is met first."""

    def __init__(self) -> None:
        self.rules: list[FaultRule] = []

    def add(
        self,
        method: str,
        fault: Fault,
        *,
        times: int | None = None,
        request_filter: Callable[[Json], bool] | None = None,
    ) -> FaultRule:
        """`method` may be "*"; "response_url" stands for posts to response URLs."""
        rule = FaultRule(
            method=method, fault=fault, remaining_times=times, request_filter=request_filter
        )
        self.rules.append(rule)
        return rule

    def remove(self, rule: FaultRule) -> None:
        self.rules.remove(rule)

    def clear(self) -> None:
        self.rules.clear()

    def next_fault(self, method: str, request: Json) -> Fault | None:
        for rule in self.rules:
            if rule.matches(method, request):
                if rule.remaining_times is not None:
                    rule.remaining_times -= 1
                return rule.fault
        return None
