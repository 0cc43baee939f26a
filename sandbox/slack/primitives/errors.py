"""What the Web API answers when it refuses.

SlackError
├── TooFast      HTTP 429 with Retry-After
└── (everything else by its name: channel_not_found, invalid_blocks, …)
"""

from collections.abc import Sequence

from sandbox.slack.primitives.json_types import Json


class SlackError(Exception):
    """A refusal by its Slack name, with whatever else the answer carries."""

    def __init__(self, error: str, **extra: object) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra

    def to_response(self) -> Json:
        return {"ok": False, "error": self.error, **self.extra}


class RateLimited(SlackError):
    """Rate limited."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("ratelimited")
        self.retry_after_seconds = retry_after_seconds


def invalid_arguments(problems: Sequence[object]) -> SlackError:
    """Slack's schema refusals: the name says little, the messages say all."""
    messages = [f"[ERROR] {problem}" for problem in problems]
    return SlackError("invalid_arguments", response_metadata={"messages": messages})


def invalid_blocks(problems: Sequence[object]) -> SlackError:
    """As recorded in grafana/oncall#5121: bare in errors[], with [ERROR] in the metadata."""
    messages = [f"[ERROR] {problem}" for problem in problems]
    return SlackError(
        "invalid_blocks",
        errors=[str(problem) for problem in problems],
        response_metadata={"messages": messages},
    )
