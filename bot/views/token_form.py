"""The form in which a person issues a token to a program of theirs, and sees those they have."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from models.account import Issued, Scope
from models.cards import Block
from models.errors import InvalidDraft
from models.member import Member
from models.wording import clip, escape, moment

CALLBACK, REVOKE = "new_token", "revoke_token"
NAME, SCOPES, LIFE = "name", "scopes", "life"
TITLE = "Tokens"
NAME_LENGTH = 50
# A modal holds 100 blocks: https://docs.slack.dev/reference/views/modal-views
MOST_SHOWN = 30
_VALUE = "value"
_SCOPES = {
    Scope.READ: "tickets:read - look at tickets, people and skills",
    Scope.WRITE: "tickets:write - open tickets, claim, resolve, …",
    Scope.ADMIN: "admin - roles, skills and the audit log",
}
_LIVES = {
    "1h": ("1 hour", timedelta(hours=1)),
    "1d": ("1 day", timedelta(days=1)),
    "7d": ("7 days", timedelta(days=7)),
    "30d": ("30 days", timedelta(days=30)),
    "90d": ("90 days", timedelta(days=90)),
}
_USUAL_LIFE = "30d"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The token that somebody wants."""

    key: str
    name: str
    scopes: tuple[Scope, ...]
    life: timedelta


def draw(member: Member, issued: Sequence[Issued]) -> Block:
    """The form, and below it the tokens that the person has."""
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": _plain(TITLE),
        "submit": _plain("Issue a token"),
        "close": _plain("Close"),
        "blocks": [_name(), _scopes(member), _life(), {"type": "divider"}, *list_of(issued)],
    }


def list_of(issued: Sequence[Issued]) -> list[Block]:
    """The tokens that count, each with a button that ends it."""
    if not issued:
        return [_section("You have no tokens.")]
    more = len(issued) - MOST_SHOWN
    rest = [_section(f"And {more} older ones.")] if more > 0 else []
    return [*map(_one, issued[:MOST_SHOWN]), *rest]


def read(view: dict[str, Any], member: Member) -> Wanted:
    """The token that somebody wants.

    Raises:
        InvalidDraft: with a sentence for each field at fault.
    """
    values = view["state"]["values"]
    name = " ".join((_element(values, NAME).get("value") or "").split())
    chosen = [option["value"] for option in _element(values, SCOPES).get("selected_options") or []]
    life = str((_element(values, LIFE).get("selected_option") or {}).get("value"))
    faults = {}
    if not name or len(name) > NAME_LENGTH:
        faults[NAME] = f"Please give it a name of at most {NAME_LENGTH} characters."
    if not chosen or not set(chosen) <= set(_offered(member)):
        faults[SCOPES] = "Please choose what it may do."
    if life not in _LIVES:
        faults[LIFE] = "Please choose how long it counts."
    if faults:
        raise InvalidDraft(faults)
    return Wanted(
        key=f"view:{view['id']}",
        name=name,
        scopes=tuple(scope for scope in Scope if scope in chosen),
        life=_LIVES[life][1],
    )


def shown_once(token: str, issued: Issued, *, docs_url: str | None) -> Block:
    """What takes the form's place: the token, which is shown this one time."""
    how = f" What can be done with it: {docs_url}" if docs_url else ""
    blocks = [
        _section(f"*{escape(issued.name)}* counts until {moment(issued.expires_at)}."),
        {"type": "section", "text": {"type": "mrkdwn", "text": f"```{token}```"}},
        _section(
            ":warning: Copy it now: it is shown this once, to you alone. Who has it acts as you. "
            f"Programs send it as `Authorization: Bearer …`.{how}"
        ),
    ]
    return {"type": "modal", "title": _plain(TITLE), "close": _plain("Done"), "blocks": blocks}


def _one(issued: Issued) -> Block:
    used = f"last used {moment(issued.used_at)}" if issued.used_at else "never used"
    text = (
        f"*{escape(clip(issued.name, NAME_LENGTH))}* ({', '.join(issued.scopes)})\n"
        f"until {moment(issued.expires_at)}, {used}"
    )
    button = {
        "type": "button",
        "action_id": REVOKE,
        "text": _plain("Revoke"),
        "style": "danger",
        "value": issued.id,
        "accessibility_label": clip(f"Revoke {issued.name}", 75),
    }
    return _section(text) | {"block_id": f"token:{issued.id}", "accessory": button}


def _name() -> Block:
    field = {
        "type": "plain_text_input",
        "action_id": _VALUE,
        "max_length": NAME_LENGTH,
        "placeholder": _plain("The report on Mondays"),
    }
    return _input(NAME, "What is it for?", field)


def _scopes(member: Member) -> Block:
    options = {scope: _option(_SCOPES[scope], scope.value) for scope in _offered(member)}
    boxes = {
        "type": "checkboxes",
        "action_id": _VALUE,
        "options": list(options.values()),
        "initial_options": [options[Scope.READ]],
    }
    return _input(SCOPES, "What may it do?", boxes)


def _life() -> Block:
    options = {value: _option(words, value) for value, (words, _) in _LIVES.items()}
    select = {
        "type": "static_select",
        "action_id": _VALUE,
        "options": list(options.values()),
        "initial_option": options[_USUAL_LIFE],
    }
    return _input(LIFE, "How long does it count?", select)


def _offered(member: Member) -> list[Scope]:
    return [scope for scope in Scope if scope is not Scope.ADMIN or member.administers]


def _element(values: dict[str, Any], field: str) -> dict[str, Any]:
    element: dict[str, Any] = values.get(field, {}).get(_VALUE, {})
    return element


def _option(text: str, value: str) -> Block:
    return {"text": _plain(text), "value": value}


def _input(block_id: str, label: str, element: Block) -> Block:
    return {"type": "input", "block_id": block_id, "label": _plain(label), "element": element}


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
