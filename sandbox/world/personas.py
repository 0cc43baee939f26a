"""The people of the sandbox's workspace."""

from dataclasses import dataclass
from typing import Self

from sandbox.slack.actors.person import Person
from sandbox.slack.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Personas:
    """Who is there: an employee, three who can help, and who runs the place."""

    ada: Person
    bob: Person
    eve: Person
    mo: Person
    grace: Person

    @classmethod
    def add_to_workspace(cls, slack: Workspace) -> Self:
        """Have everybody join the workspace."""
        return cls(
            ada=slack.add_person("ada", real_name="Ada Lovelace", email="ada@acme.example"),
            bob=slack.add_person("bob", real_name="Bob Kahn", email="bob@acme.example"),
            eve=slack.add_person(
                "eve", real_name="Eve Holt", email="eve@acme.example", tz="America/New_York"
            ),
            mo=slack.add_person(
                "mo", real_name="Mo Tanaka", email="mo@acme.example", tz="Asia/Tokyo"
            ),
            grace=slack.add_person(
                "grace", real_name="Grace Hopper", email="grace@acme.example", owner=True
            ),
        )
