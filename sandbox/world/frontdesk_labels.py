"""Labels of Frontdesk's forms and cards; the sandbox knows nothing else of the product."""

from enum import StrEnum


class MemberForm(StrEnum):
    """Labels of the form to change a member, and its text while it is loading."""

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
