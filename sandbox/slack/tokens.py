"""The app's credentials in this workspace, and what each of them may do."""

from enum import StrEnum

from sandbox.slack.errors import SlackError
from sandbox.slack.ids import secret


class TokenKind(StrEnum):
    BOT = "bot"
    APP = "app"


class Tokens:
    """Bot token, app-level token, signing secret and OAuth client of one installed app."""

    def __init__(self) -> None:
        self.bot = f"xoxb-{secret()}"
        self.app = f"xapp-1-{secret()}"
        self.signing_secret = secret(32)
        self.verification = secret()
        self.client_id = "1234567890.9876543210"
        self.client_secret = secret(32)
        self.codes: set[str] = set()
        self._revoked: set[str] = set()
        self.account_active = True

    def kind_of(self, token: str | None) -> TokenKind:
        """Whose token it is; raises Slack's own refusals."""
        if not token:
            raise SlackError("not_authed")
        if token in self._revoked:
            raise SlackError("token_revoked")
        kind = {self.bot: TokenKind.BOT, self.app: TokenKind.APP}.get(token)
        if kind is None:
            raise SlackError("invalid_auth")
        if not self.account_active:
            raise SlackError("account_inactive")
        return kind

    def revoke(self, token: str) -> None:
        self._revoked.add(token)

    def new_code(self) -> str:
        """What Slack's consent page hands to the app's redirect URL."""
        code = secret()
        self.codes.add(code)
        return code
