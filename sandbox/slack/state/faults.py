"""Faults of the Web API that a test adds and removes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.slack.primitives.json_types import Json

ANY_METHOD = "*"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way of failing.

    Attributes:
        release_event: the method waits for this event before it runs or fails.
        fails_after_success: the method runs first, then the answer is an error.
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
        """Whether the app gets another answer; a delay alone keeps the real one."""
        return bool(self.status or self.error or self.broken_json or self.resets_connection)

    @property
    def applies_request(self) -> bool:
        return self.fails_after_success or self.resets_connection


@dataclass(slots=True)
class FaultRule:
    """A fault with its method, its remaining number of uses and its request filter."""

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
    """All active faults; the oldest one that matches a request applies."""

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
        """Add a fault for a method, for all methods ("*") or for "response_url"."""
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
