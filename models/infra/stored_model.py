"""The base of models that are written back whole, and keep what a newer release has stored."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict


class StoredModel(BaseModel):
    """A frozen model that keeps fields it does not know, when it is read and written again.

    pydantic quotes invalid input in its errors by default; here that would log people's texts.
    """

    model_config = ConfigDict(
        frozen=True, extra="allow", hide_input_in_errors=True, serialize_by_alias=True
    )


class OpenEnum(StrEnum):
    """Names of which a newer release may have stored more; those are kept and left alone."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        """The member for a name of a newer release; the same one for the same name."""
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = value
        return cls._value2member_map_.setdefault(value, member)  # type: ignore[return-value]

    @property
    def is_known(self) -> bool:
        """Whether this release knows the name."""
        return self.name in type(self).__members__
