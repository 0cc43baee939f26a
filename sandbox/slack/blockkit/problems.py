"""What Slack objects to, in its own words, and where."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One objection, as Slack lists them in `errors` and `response_metadata.messages`."""

    message: str
    pointer: str

    def __str__(self) -> str:
        return f"{self.message} [json-pointer:{self.pointer}]"
