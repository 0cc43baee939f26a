"""The form in which an admin gives a person a role and skills: drawn, and read."""

from dataclasses import dataclass
from typing import Any

from bot.views import audit, desk_health, token_form
from models.cards import Block
from models.configuration import Configuration
from models.errors import InvalidDraft
from models.member import Member, Role
from models.wording import clip, escape, listed

CALLBACK = "set_member"
PERSON, ROLE, SKILLS, NEW_SKILLS = "person", "role", "skills", "new_skills"
TRUSTED = "trusted"
PICK_PERSON = "pick_person"
_VALUE = "value"
# https://docs.slack.dev/reference/block-kit/block-elements/multi-select-menu-element
MOST_SKILLS = 100
SKILL_LENGTH = 50

_ROLES = {Role.USER: "User", Role.MODERATOR: "Moderator", Role.ADMIN: "Admin"}


@dataclass(frozen=True, slots=True)
class Assigned:
    """What an admin has decided about a person."""

    slack_id: str
    role: Role
    skills: tuple[str, ...]
    new_skills: tuple[str, ...]
    trusted: bool


def draw(configuration: Configuration, member: Member | None = None) -> Block:
    """The form; once a person is picked, with their role and skills as they are."""
    # Slack keeps what stands in a field while its block id stays; another person is another field.
    whose = member.slack_id if member else ""
    blocks = [_person(member), _role(member, whose), _skills(configuration, member, whose)]
    buttons = [desk_health.button(), audit.button()]
    if member:
        buttons.append(token_form.button(member.slack_id))
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": _plain("People"),
        "submit": _plain("Save"),
        "close": _plain("Close"),
        "blocks": [*blocks, _new_skills(whose), _trusted(member, whose), *buttons],
    }


def picked(body: dict[str, Any]) -> str | None:
    """The person an admin has just picked."""
    action = body["actions"][0]
    slack_id: str | None = action.get("selected_user")
    return slack_id


def read(view: dict[str, Any], configuration: Configuration) -> Assigned:
    """What the admin has decided.

    Raises:
        InvalidDraft: with a sentence for each field at fault.
    """
    fields = {block_id.partition(":")[0]: block_id for block_id in view["state"]["values"]}
    values = {field: view["state"]["values"][block] for field, block in fields.items()}
    slack_id = values.get(PERSON, {}).get(PICK_PERSON, {}).get("selected_user")
    if not slack_id:
        raise InvalidDraft({PERSON: "Please pick a person."})
    # Until the form is drawn for the person picked, it holds the role and skills of another one.
    if fields.get(ROLE) != f"{ROLE}:{slack_id}":
        raise InvalidDraft({PERSON: "The form was not ready yet. Please pick the person again."})
    typed = values.get(NEW_SKILLS, {}).get(_VALUE, {}).get("value") or ""
    new = _named(typed, configuration, field=fields.get(NEW_SKILLS, NEW_SKILLS))
    chosen = values.get(SKILLS, {}).get(_VALUE, {}).get("selected_options") or []
    known = [configuration.vocabulary.canonical(option["value"]) for option in chosen]
    skills = (*(skill for skill in known if skill), *new)
    return Assigned(
        slack_id=slack_id,
        role=_role_in(values, field=fields.get(ROLE, ROLE)),
        skills=tuple(dict.fromkeys(skills)),
        new_skills=tuple(n for n in new if configuration.vocabulary.canonical(n) is None),
        trusted=bool(values.get(TRUSTED, {}).get(_VALUE, {}).get("selected_options")),
    )


def saved(member: Member) -> str:
    """What the admin is told (mrkdwn)."""
    return (
        f"*<@{member.slack_id}>* is now: {_ROLES[member.role].lower()}. "
        f"Skills: {escape(clip(listed(member.skills), 500))}."
    )


def _role_in(values: dict[str, Any], *, field: str) -> Role:
    option = values.get(ROLE, {}).get(_VALUE, {}).get("selected_option") or {}
    role = option.get("value")
    if role not in set(Role):
        raise InvalidDraft({field: "Please choose a role."})
    return Role(role)


def _named(typed: str, configuration: Configuration, *, field: str) -> tuple[str, ...]:
    """The skills typed by hand, those the desk has under the name it has them."""
    names = [" ".join(name.split()) for name in typed.split(",")]
    skills = [configuration.vocabulary.canonical(name) or name for name in names if name]
    if any(len(name) > SKILL_LENGTH for name in skills):
        raise InvalidDraft({field: f"A skill's name has at most {SKILL_LENGTH} characters."})
    if any(not any(c.isalnum() for c in name) for name in skills):
        raise InvalidDraft({field: "A skill's name has at least one letter or digit."})
    if len({*configuration.vocabulary.names, *skills}) > MOST_SKILLS:
        raise InvalidDraft({field: f"The desk has room for {MOST_SKILLS} skills."})
    return tuple(skills)


def _person(member: Member | None) -> Block:
    picker = {
        "type": "users_select",
        "action_id": PICK_PERSON,
        "placeholder": _plain("Pick a person"),
        **({"initial_user": member.slack_id} if member else {}),
    }
    # Picking somebody redraws the form with their role and skills.
    return _input(PERSON, "Person", picker) | {"dispatch_action": True}


def _role(member: Member | None, whose: str) -> Block:
    options = {role: {"text": _plain(text), "value": role} for role, text in _ROLES.items()}
    select = {
        "type": "static_select",
        "action_id": _VALUE,
        "options": list(options.values()),
        "initial_option": options[member.role if member else Role.MODERATOR],
    }
    return _input(f"{ROLE}:{whose}", "Role", select)


def _skills(configuration: Configuration, member: Member | None, whose: str) -> Block:
    names = configuration.vocabulary.names[:MOST_SKILLS]
    has = [_option(name) for name in names if member and name in member.skills]
    select = {
        "type": "multi_static_select",
        "action_id": _VALUE,
        "placeholder": _plain("What they know"),
        "options": [_option(name) for name in names],
        **({"initial_options": has} if has else {}),
    }
    return _input(f"{SKILLS}:{whose}", "Skills", select) | {"optional": True}


def _new_skills(whose: str) -> Block:
    field = {"type": "plain_text_input", "action_id": _VALUE, "max_length": 500}
    more = {
        "optional": True,
        "hint": _plain("Separated by commas. They join the desk's list, and this person has them."),
    }
    return _input(f"{NEW_SKILLS}:{whose}", "New skills", field) | more


def _trusted(member: Member | None, whose: str) -> Block:
    option = {"text": _plain("May see confidential tickets"), "value": TRUSTED}
    boxes = {
        "type": "checkboxes",
        "action_id": _VALUE,
        "options": [option],
        **({"initial_options": [option]} if member and member.trusted else {}),
    }
    return _input(f"{TRUSTED}:{whose}", "Confidential tickets", boxes) | {"optional": True}


def _option(name: str) -> Block:
    return {"text": _plain(name), "value": name}


def _input(block_id: str, label: str, element: Block) -> Block:
    return {"type": "input", "block_id": block_id, "label": _plain(label), "element": element}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
