"""Labels of Frontdesk's forms and cards, as people read them; the sandbox finds fields by them."""

from enum import StrEnum


class SettingsMenu(StrEnum):
    """Labels of the menu behind `/ticket admin`."""

    MEMBERS = "Members"


class MemberForm(StrEnum):
    """Labels of the member form, and the text that stands in a modal until it is loaded."""

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
