"""The people of the sandbox's workspace."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from sandbox.slack.actors.person import Person
from sandbox.slack.workspace import Workspace


class PersonaRole(StrEnum):
    """The part that a person plays in the sandbox."""

    EMPLOYEE = "Employee"
    MODERATOR = "Moderator"
    ADMIN = "Admin"


@dataclass(frozen=True, slots=True)
class Personas:
    """One employee, three moderators and one admin, who owns the workspace."""

    ada: Person
    bob: Person
    eve: Person
    mo: Person
    grace: Person

    @classmethod
    def add_to_workspace(cls, slack: Workspace) -> Self:
        """Let everybody join the workspace."""
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

    def role_of(self, person: Person) -> PersonaRole:
        """Return the person's part in the demo; Frontdesk may give them another role later."""
        if person.id == self.grace.id:
            return PersonaRole.ADMIN
        if person.id in {self.bob.id, self.eve.id, self.mo.id}:
            return PersonaRole.MODERATOR
        return PersonaRole.EMPLOYEE
