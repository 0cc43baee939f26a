"""The error answers of the Web API.

SlackError       any error by its Slack name: channel_not_found, invalid_blocks, …
└── RateLimited  HTTP 429 with Retry-After
"""

from collections.abc import Sequence

from sandbox.slack.primitives.json_types import Json


class SlackError(Exception):
    """An error by its Slack name, with the other fields of the answer."""

    def __init__(self, error: str, **extra: object) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra

    def to_response(self) -> Json:
        return {"ok": False, "error": self.error, **self.extra}


class RateLimited(SlackError):
    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("ratelimited")
        self.retry_after_seconds = retry_after_seconds


def invalid_arguments(problems: Sequence[object]) -> SlackError:
    """Return Slack's schema error; its messages name each problem."""
    messages = [f"[ERROR] {problem}" for problem in problems]
    return SlackError("invalid_arguments", response_metadata={"messages": messages})


def invalid_blocks(problems: Sequence[object]) -> SlackError:
    """Return the error as recorded in grafana/oncall#5121.

    `errors` holds the bare problems; the response metadata prefixes each with [ERROR].
    """
    messages = [f"[ERROR] {problem}" for problem in problems]
    return SlackError(
        "invalid_blocks",
        errors=[str(problem) for problem in problems],
        response_metadata={"messages": messages},
    )
