"""What the desk's forms and cards say, as people read it; all the sandbox knows of the desk."""

from enum import StrEnum


class MemberForm(StrEnum):
    """Labels of the form behind `/ticket admin`, and what it says while it is not there yet."""

    PERSON = "Person"
    ROLE = "Role"
    SKILLS = "Skills"
    LOADING = "One moment"


class CardButton(StrEnum):
    """Buttons on cards."""

    CLAIM = "Claim"
    RESOLVE = "Resolve"
    REOPEN = "Reopen"


MODERATOR_ROLE = "Moderator"
