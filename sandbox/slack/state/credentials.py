"""The app's credentials in this workspace."""

from enum import StrEnum

from sandbox.slack.primitives.errors import SlackError
from sandbox.slack.primitives.ids import random_secret


class TokenKind(StrEnum):
    BOT = "bot"
    APP = "app"


class Credentials:
    """Bot token, app-level token, signing secret and OAuth client of one installed app."""

    def __init__(self) -> None:
        self.bot_token = f"xoxb-{random_secret()}"
        self.app_token = f"xapp-1-{random_secret()}"
        self.signing_secret = random_secret(32)
        self.verification_token = random_secret()
        self.client_id = "1234567890.9876543210"
        self.client_secret = random_secret(32)
        self.oauth_codes: set[str] = set()
        self._revoked_tokens: set[str] = set()
        self.is_account_active = True

    def get_kind(self, token: str | None) -> TokenKind:
        """Return the kind of this token.

        Raises:
            SlackError: not_authed, token_revoked, invalid_auth or account_inactive.
        """
        if not token:
            raise SlackError("not_authed")
        if token in self._revoked_tokens:
            raise SlackError("token_revoked")
        kind = {self.bot_token: TokenKind.BOT, self.app_token: TokenKind.APP}.get(token)
        if kind is None:
            raise SlackError("invalid_auth")
        if not self.is_account_active:
            raise SlackError("account_inactive")
        return kind

    def revoke(self, token: str) -> None:
        self._revoked_tokens.add(token)

    def new_oauth_code(self) -> str:
        """Return a code as Slack's consent page sends it to the app's redirect URL."""
        code = random_secret()
        self.oauth_codes.add(code)
        return code
