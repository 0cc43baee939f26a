"""The API token form, the list of a member's tokens, and the page that shows a new token once."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from bot.payload import Payload
from bot.ui.form_fields import checkboxes, input_field, option, select_menu, text_input
from bot.ui.submitted_form import SubmittedForm
from bot.ui.views import form_view, notice_view, page_view
from models.access.api_token import ApiToken, Scope, effective_scopes
from models.messages.block_kit import (
    Block,
    View,
    actions,
    button,
    divider,
    removal_confirmation,
    section,
    section_with_button,
)
from models.people.member import Member
from models.text import clip, escape, mention, slack_date

CALLBACK = "new_token"
NAME, SCOPES, LIFETIME = "name", "scopes", "life"
REVOKE, REVOKE_AS_ADMIN, SHOW_MEMBER_TOKENS = "revoke_token", "revoke_token_of", "show_tokens_of"
TITLE = "API tokens"
MAX_NAME_LENGTH = 50
# A modal holds 100 blocks: https://docs.slack.dev/reference/views/modal-views
MAX_SHOWN_TOKENS = 50
_SCOPE_DESCRIPTIONS = {
    Scope.READ: "Read the tickets that you may see",
    Scope.WRITE: "Open tickets, and change them as you may in Slack",
    Scope.ADMIN: "Everything admins do: members, skills, audit log",
}
_LIFETIMES = {
    "1h": ("1 hour", timedelta(hours=1)),
    "1d": ("1 day", timedelta(days=1)),
    "7d": ("7 days", timedelta(days=7)),
    "30d": ("30 days", timedelta(days=30)),
    "90d": ("90 days", timedelta(days=90)),
}
_DEFAULT_LIFETIME = "30d"
_REVOKE_CONFIRMATION = removal_confirmation(
    "Revoke this token?", "Programs that use this token lose access at once.", confirm="Revoke"
)


class TokenInput(NamedTuple):
    """The submitted form for a new token."""

    name: str
    scopes: tuple[Scope, ...]
    lifetime: timedelta


def render(member: Member, tokens: Sequence[ApiToken]) -> View:
    """The form for a new token, above the member's own tokens."""
    blocks = [
        _name_field(),
        _scopes_field(member),
        _lifetime_field(),
        *_token_list(tokens, REVOKE),
    ]
    return form_view(CALLBACK, TITLE, blocks, submit="Create", close="Close")


def render_for_admin(slack_id: str, tokens: Sequence[ApiToken]) -> View:
    """A member's tokens as an admin sees them."""
    heading = section(f"API tokens of {mention(slack_id)}:")
    return page_view(TITLE, [heading, *_token_list(tokens, REVOKE_AS_ADMIN)])


def member_tokens_button(slack_id: str) -> Block:
    """The row with the button that opens a member's tokens."""
    return actions(f"tokens:{slack_id}", button(SHOW_MEMBER_TOKENS, TITLE, value=slack_id))


def read(view: Payload, member: Member) -> TokenInput:
    """The submitted values.

    Raises:
        InvalidInput: with a message for each invalid field.
    """
    form = SubmittedForm(view)
    token_input = TokenInput(_parse_name(form), _parse_scopes(form, member), _parse_lifetime(form))
    errors = {}
    if not any(character.isalnum() for character in token_input.name):
        errors[NAME] = "Enter what the token is for, with at least one letter or digit."
    elif len(token_input.name) > MAX_NAME_LENGTH:
        errors[NAME] = f"At most {MAX_NAME_LENGTH} characters."
    if not token_input.scopes:
        errors[SCOPES] = "Choose at least one scope that your role allows."
    if not token_input.lifetime:
        errors[LIFETIME] = "Choose when the token expires."
    if errors:
        raise form.invalid_input(errors)
    return token_input


def render_new_token(token: str, api_token: ApiToken, *, public_url: str | None) -> View:
    """The token itself, which is shown nowhere else, and how to use it."""
    docs_url = f"{public_url.rstrip('/')}/api/docs" if public_url else ""
    usage = "Send it with each request: `Authorization: Bearer …`"
    return notice_view(
        f"*{escape(api_token.name)}* is valid until {slack_date(api_token.expires_at)}, "
        f"{_scopes_text(api_token)}.\n*The token is shown only once.* Keep it like a password.",
        f"```{token}```",
        f"{usage}\nAPI reference: {docs_url}" if docs_url else usage,
        title="Your API token",
    )


def _parse_name(form: SubmittedForm) -> str:
    return " ".join(form.text(NAME).split())


def _parse_scopes(form: SubmittedForm, member: Member) -> tuple[Scope, ...]:
    selected = set(form.selected_values(SCOPES))
    return tuple(scope for scope in Scope if scope in selected & effective_scopes(Scope, member))


def _parse_lifetime(form: SubmittedForm) -> timedelta:
    return _LIFETIMES.get(form.selected_value(LIFETIME), ("", timedelta()))[1]


def _name_field() -> Block:
    hint = "Say what the token is for, for example: nightly report."
    return input_field(NAME, "Name", text_input(max_length=MAX_NAME_LENGTH), hint=hint)


def _scopes_field(member: Member) -> Block:
    allowed = [scope for scope in Scope if scope in effective_scopes(Scope, member)]
    options = [
        option(scope, scope.value, description=_SCOPE_DESCRIPTIONS[scope]) for scope in allowed
    ]
    return input_field(SCOPES, "Scopes", checkboxes(options, allowed[:1]))


def _lifetime_field() -> Block:
    options = [option(text, key) for key, (text, _) in _LIFETIMES.items()]
    return input_field(LIFETIME, "Expires in", select_menu(options, _DEFAULT_LIFETIME))


def _token_list(tokens: Sequence[ApiToken], revoke_action_id: str) -> list[Block]:
    if not tokens:
        return [section("No active tokens.")]
    sections = [_token_section(token, revoke_action_id) for token in tokens[:MAX_SHOWN_TOKENS]]
    hidden = len(tokens) - MAX_SHOWN_TOKENS
    if hidden > 0:
        sections.append(
            section(f"{hidden} older tokens are not shown. Revoke some of these to see them.")
        )
    return [divider(), *sections]


def _token_section(api_token: ApiToken, revoke_action_id: str) -> Block:
    used = f"last used {slack_date(api_token.used_at)}" if api_token.used_at else "never used"
    revoke = button(
        revoke_action_id,
        "Revoke",
        value=api_token.id,
        style="danger",
        confirmation=_REVOKE_CONFIRMATION,
        accessibility_label=clip(f"Revoke {api_token.name}", 75),
    )
    text = (
        f"*{escape(api_token.name)}*: {_scopes_text(api_token)}\n"
        f"valid until {slack_date(api_token.expires_at)}, {used}"
    )
    return section_with_button(f"{revoke_action_id}:{api_token.id}", text, revoke)


def _scopes_text(api_token: ApiToken) -> str:
    names = ", ".join(f"`{scope}`" for scope in api_token.scopes)
    noun = "scope" if len(api_token.scopes) == 1 else "scopes"
    return f"{noun} {names or 'none'}"
