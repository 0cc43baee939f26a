"""A problem in a payload: Slack's text and the place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem, as Slack lists it in `errors` and `response_metadata.messages`."""

    message: str
    pointer: str

    def __str__(self) -> str:
        return f"{self.message} [json-pointer:{self.pointer}]"
