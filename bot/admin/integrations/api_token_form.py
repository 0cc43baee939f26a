"""The form for a token, with the tokens a person has; the page that shows a new one, once."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from unicodedata import category

from bot.ui.form_fields import plain_text
from bot.ui.notice_view import notice_view
from models.access.api_token import ApiToken, Scope, effective_scopes
from models.errors import InvalidInput
from models.messages.cards import Block
from models.people.member import Member
from models.text import clip, escape, mention, slack_date

CALLBACK = "new_token"
NAME, SCOPES, LIFETIME = "name", "scopes", "life"
REVOKE, REVOKE_AS_ADMIN, SHOW_MEMBER_TOKENS = "revoke_token", "revoke_token_of", "show_tokens_of"
TITLE = "Tokens"
MAX_NAME_LENGTH = 50
# A modal holds 100 blocks: https://docs.slack.dev/reference/views/modal-views
MAX_SHOWN_TOKENS = 50
_INPUT_ACTION_ID = "value"
_SCOPE_DESCRIPTIONS = {
    Scope.READ: "Read the tickets you may see",
    Scope.WRITE: "Open tickets, and do with them what you may do here",
    Scope.ADMIN: "What admins do: people, skills, the log",
}
_LIFETIMES = {
    "1h": ("1 hour", timedelta(hours=1)),
    "1d": ("1 day", timedelta(days=1)),
    "7d": ("7 days", timedelta(days=7)),
    "30d": ("30 days", timedelta(days=30)),
    "90d": ("90 days", timedelta(days=90)),
}
_DEFAULT_LIFETIME = "30d"


class TokenInput(NamedTuple):
    """What somebody wants a token for."""

    name: str
    scopes: tuple[Scope, ...]
    lifetime: timedelta


def render(member: Member, tokens: Sequence[ApiToken]) -> Block:
    """The form, and under it the tokens this person has."""
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain_text(TITLE),
        "submit": plain_text("Issue"),
        "close": plain_text("Close"),
        "blocks": [
            _name_field(),
            _scopes_field(member),
            _lifetime_field(),
            *_token_list(tokens, REVOKE),
        ],
    }


def render_for_admin(slack_id: str, tokens: Sequence[ApiToken]) -> Block:
    """What an admin sees of somebody's tokens."""
    whose = _section(f"What {mention(slack_id)} has been issued:")
    return {
        "type": "modal",
        "title": plain_text(TITLE),
        "close": plain_text("Back"),
        "blocks": [whose, *_token_list(tokens, REVOKE_AS_ADMIN)],
    }


def member_tokens_button(slack_id: str) -> Block:
    """What leads an admin to the tokens of the person picked."""
    element = {
        "type": "button",
        "action_id": SHOW_MEMBER_TOKENS,
        "text": plain_text("Their tokens"),
        "value": slack_id,
    }
    return {"type": "actions", "block_id": f"tokens:{slack_id}", "elements": [element]}


def read(view: dict[str, Any], member: Member) -> TokenInput:
    """What the token is to be.

    Raises:
        InvalidDraft: with a sentence for each field at fault.
    """
    values = view["state"]["values"]
    wanted = TokenInput(_parse_name(values), _parse_scopes(values, member), _parse_lifetime(values))
    faults = {}
    if not any(character.isalnum() for character in wanted.name):
        faults[NAME] = "Please say in a word or two what it is for."
    elif len(wanted.name) > MAX_NAME_LENGTH:
        faults[NAME] = f"At most {MAX_NAME_LENGTH} characters fit."
    if not wanted.scopes:
        faults[SCOPES] = "Please choose at least one that your role allows."
    if not wanted.lifetime:
        faults[LIFETIME] = "Please choose how long it is to count."
    if faults:
        raise InvalidInput(faults)
    return wanted


def render_new_token(token: str, api_token: ApiToken, *, public_url: str | None) -> Block:
    """The token itself, which is nowhere else to be seen, and how to use it."""
    docs = f"{public_url.rstrip('/')}/api/docs" if public_url else ""
    use = "Send it with each request: `Authorization: Bearer …`"
    return notice_view(
        f"*{escape(api_token.name)}* counts until {slack_date(api_token.expires_at)}, and opens "
        f"{_scope_names(api_token)}.\n*It is shown this once.* Keep it like a password.",
        f"```{token}```",
        f"{use}\nWhat can be asked: {docs}" if docs else use,
        title="Your token",
    )


def _parse_name(values: dict[str, Any]) -> str:
    """The name, without control characters and halves of characters, which no store takes."""
    typed: str = _element_state(values, NAME).get("value") or ""
    return " ".join("".join(c for c in typed if category(c) not in {"Cc", "Cs"}).split())


def _parse_scopes(values: dict[str, Any], member: Member) -> tuple[Scope, ...]:
    options = _element_state(values, SCOPES).get("selected_options") or []
    chosen = {option["value"] for option in options}
    return tuple(scope for scope in Scope if scope in chosen & effective_scopes(Scope, member))


def _parse_lifetime(values: dict[str, Any]) -> timedelta:
    option = _element_state(values, LIFETIME).get("selected_option") or {}
    return _LIFETIMES.get(option.get("value", ""), ("", timedelta()))[1]


def _element_state(values: dict[str, Any], block_id: str) -> dict[str, Any]:
    element: dict[str, Any] = values.get(block_id, {}).get(_INPUT_ACTION_ID, {})
    return element


def _name_field() -> Block:
    element = {"type": "plain_text_input", "max_length": MAX_NAME_LENGTH}
    return _input_field(NAME, "Name", element) | {
        "hint": plain_text("What it is for, like: nightly report")
    }


def _scopes_field(member: Member) -> Block:
    options = [
        {
            "text": plain_text(scope),
            "value": scope.value,
            "description": plain_text(_SCOPE_DESCRIPTIONS[scope]),
        }
        for scope in Scope
        if scope in effective_scopes(Scope, member)
    ]
    element = {"type": "checkboxes", "options": options, "initial_options": options[:1]}
    return _input_field(SCOPES, "What it opens", element)


def _lifetime_field() -> Block:
    options = {
        key: {"text": plain_text(text), "value": key} for key, (text, _) in _LIFETIMES.items()
    }
    element = {
        "type": "static_select",
        "options": list(options.values()),
        "initial_option": options[_DEFAULT_LIFETIME],
    }
    return _input_field(LIFETIME, "How long it counts", element)


def _token_list(tokens: Sequence[ApiToken], revoke_action_id: str) -> list[Block]:
    if not tokens:
        return [_section("There are no tokens that count now.")]
    lines = [_token_section(one, revoke_action_id) for one in tokens[:MAX_SHOWN_TOKENS]]
    more = len(tokens) - MAX_SHOWN_TOKENS
    rest = [_section(f"…and {more} older ones. Revoke some of these to see them.")]
    return [{"type": "divider"}, *lines, *(rest if more > 0 else [])]


def _token_section(api_token: ApiToken, revoke_action_id: str) -> Block:
    used = f"last used {slack_date(api_token.used_at)}" if api_token.used_at else "never used"
    says = f"*{escape(api_token.name)}*: {_scope_names(api_token)}\nuntil {slack_date(api_token.expires_at)}, {used}"
    revoke = {
        "type": "button",
        "action_id": revoke_action_id,
        "text": plain_text("Revoke"),
        "style": "danger",
        "value": api_token.id,
        "confirm": {
            "title": plain_text("Revoke it?"),
            "text": plain_text("Whatever uses this token stops working at once."),
            "confirm": plain_text("Revoke"),
            "deny": plain_text("Keep"),
            "style": "danger",
        },
        "accessibility_label": clip(f"Revoke {api_token.name}", 75),
    }
    return _section(says) | {"block_id": f"{revoke_action_id}:{api_token.id}", "accessory": revoke}


def _scope_names(api_token: ApiToken) -> str:
    return ", ".join(f"`{scope}`" for scope in api_token.scopes) or "nothing"


def _input_field(block_id: str, label: str, element: Block) -> Block:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(label),
        "element": {"action_id": _INPUT_ACTION_ID, **element},
    }


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}
