"""The form for a token, with the tokens a person has; the page that shows a new one, once."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from unicodedata import category

from bot.views.fields import plain
from bot.views.sentence import sentence_view
from models.account import Issued, Scope, narrowed
from models.cards import Block
from models.errors import InvalidDraft
from models.member import Member
from models.wording import clip, escape, mention, moment

CALLBACK = "new_token"
NAME, SCOPES, LIFE = "name", "scopes", "life"
REVOKE, REVOKE_OF, TOKENS_OF = "revoke_token", "revoke_token_of", "show_tokens_of"
TITLE = "Tokens"
NAME_LENGTH = 50
# A modal holds 100 blocks: https://docs.slack.dev/reference/views/modal-views
MOST_SHOWN = 50
_VALUE = "value"
_SCOPES = {
    Scope.READ: "Read the tickets you may see",
    Scope.WRITE: "Open tickets, and do with them what you may do here",
    Scope.ADMIN: "What admins do: people, skills, the log",
}
_LIVES = {
    "1h": ("1 hour", timedelta(hours=1)),
    "1d": ("1 day", timedelta(days=1)),
    "7d": ("7 days", timedelta(days=7)),
    "30d": ("30 days", timedelta(days=30)),
    "90d": ("90 days", timedelta(days=90)),
}
_USUAL_LIFE = "30d"


class Wanted(NamedTuple):
    """What somebody wants a token for."""

    name: str
    scopes: tuple[Scope, ...]
    life: timedelta


def draw(member: Member, tokens: Sequence[Issued]) -> Block:
    """The form, and under it the tokens this person has."""
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain(TITLE),
        "submit": plain("Issue"),
        "close": plain("Close"),
        "blocks": [_name(), _scopes(member), _life(), *_tokens(tokens, REVOKE)],
    }


def draw_of(slack_id: str, tokens: Sequence[Issued]) -> Block:
    """What an admin sees of somebody's tokens."""
    whose = _section(f"What {mention(slack_id)} has been issued:")
    return {
        "type": "modal",
        "title": plain(TITLE),
        "close": plain("Back"),
        "blocks": [whose, *_tokens(tokens, REVOKE_OF)],
    }


def button(slack_id: str) -> Block:
    """What leads an admin to the tokens of the person picked."""
    element = {
        "type": "button",
        "action_id": TOKENS_OF,
        "text": plain("Their tokens"),
        "value": slack_id,
    }
    return {"type": "actions", "block_id": f"tokens:{slack_id}", "elements": [element]}


def read(view: dict[str, Any], member: Member) -> Wanted:
    """What the token is to be.

    Raises:
        InvalidDraft: with a sentence for each field at fault.
    """
    values = view["state"]["values"]
    wanted = Wanted(_typed(values), _chosen(values, member), _lives(values))
    faults = {}
    if not any(character.isalnum() for character in wanted.name):
        faults[NAME] = "Please say in a word or two what it is for."
    elif len(wanted.name) > NAME_LENGTH:
        faults[NAME] = f"At most {NAME_LENGTH} characters fit."
    if not wanted.scopes:
        faults[SCOPES] = "Please choose at least one that your role allows."
    if not wanted.life:
        faults[LIFE] = "Please choose how long it is to count."
    if faults:
        raise InvalidDraft(faults)
    return wanted


def shown(token: str, issued: Issued, *, public_url: str | None) -> Block:
    """The token itself, which is nowhere else to be seen, and how to use it."""
    docs = f"{public_url.rstrip('/')}/api/docs" if public_url else ""
    use = "Send it with each request: `Authorization: Bearer …`"
    return sentence_view(
        f"*{escape(issued.name)}* counts until {moment(issued.expires_at)}, and opens "
        f"{_listed(issued)}.\n*It is shown this once.* Keep it like a password.",
        f"```{token}```",
        f"{use}\nWhat can be asked: {docs}" if docs else use,
        title="Your token",
    )


def _typed(values: dict[str, Any]) -> str:
    """The name, without control characters and halves of characters, which no store takes."""
    typed: str = _element(values, NAME).get("value") or ""
    return " ".join("".join(c for c in typed if category(c) not in {"Cc", "Cs"}).split())


def _chosen(values: dict[str, Any], member: Member) -> tuple[Scope, ...]:
    options = _element(values, SCOPES).get("selected_options") or []
    chosen = {option["value"] for option in options}
    return tuple(scope for scope in Scope if scope in chosen & narrowed(Scope, member))


def _lives(values: dict[str, Any]) -> timedelta:
    option = _element(values, LIFE).get("selected_option") or {}
    return _LIVES.get(option.get("value", ""), ("", timedelta()))[1]


def _element(values: dict[str, Any], field: str) -> dict[str, Any]:
    element: dict[str, Any] = values.get(field, {}).get(_VALUE, {})
    return element


def _name() -> Block:
    element = {"type": "plain_text_input", "max_length": NAME_LENGTH}
    return _input(NAME, "Name", element) | {"hint": plain("What it is for, like: nightly report")}


def _scopes(member: Member) -> Block:
    options = [
        {"text": plain(scope), "value": scope.value, "description": plain(_SCOPES[scope])}
        for scope in Scope
        if scope in narrowed(Scope, member)
    ]
    element = {"type": "checkboxes", "options": options, "initial_options": options[:1]}
    return _input(SCOPES, "What it opens", element)


def _life() -> Block:
    options = {key: {"text": plain(text), "value": key} for key, (text, _) in _LIVES.items()}
    element = {
        "type": "static_select",
        "options": list(options.values()),
        "initial_option": options[_USUAL_LIFE],
    }
    return _input(LIFE, "How long it counts", element)


def _tokens(tokens: Sequence[Issued], action: str) -> list[Block]:
    if not tokens:
        return [_section("There are no tokens that count now.")]
    lines = [_token(one, action) for one in tokens[:MOST_SHOWN]]
    more = len(tokens) - MOST_SHOWN
    rest = [_section(f"…and {more} older ones. Revoke some of these to see them.")]
    return [{"type": "divider"}, *lines, *(rest if more > 0 else [])]


def _token(issued: Issued, action: str) -> Block:
    used = f"last used {moment(issued.used_at)}" if issued.used_at else "never used"
    says = f"*{escape(issued.name)}*: {_listed(issued)}\nuntil {moment(issued.expires_at)}, {used}"
    revoke = {
        "type": "button",
        "action_id": action,
        "text": plain("Revoke"),
        "style": "danger",
        "value": issued.id,
        "confirm": {
            "title": plain("Revoke it?"),
            "text": plain("Whatever uses this token stops working at once."),
            "confirm": plain("Revoke"),
            "deny": plain("Keep"),
            "style": "danger",
        },
        "accessibility_label": clip(f"Revoke {issued.name}", 75),
    }
    return _section(says) | {"block_id": f"{action}:{issued.id}", "accessory": revoke}


def _listed(issued: Issued) -> str:
    return ", ".join(f"`{scope}`" for scope in issued.scopes) or "nothing"


def _input(field: str, label: str, element: Block) -> Block:
    return {
        "type": "input",
        "block_id": field,
        "label": plain(label),
        "element": {"action_id": _VALUE, **element},
    }


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}
