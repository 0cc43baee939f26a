"""Settings from the environment or `.env`; no other file reads them."""

import logging
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from models.triage.priority_rules import PriorityRule, parse_rules
from models.workspace.workspace_settings import parse_prompt, setting_fields

# The key must be at least as long as the hash:
# https://datatracker.ietf.org/doc/html/rfc7518#section-3.2
MIN_SECRET_BYTES = 32
log = logging.getLogger(__name__)
_SETTINGS_SOURCE = SettingsConfigDict(
    env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
)


class QueueSettings(BaseSettings):
    """The address of Redis; arq needs it before the other settings are read."""

    model_config = _SETTINGS_SOURCE

    redis_url: SecretStr = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"),
        description="address of Redis 6.2+ or Valkey",
    )


class Settings(QueueSettings):
    """All settings of bot and worker; each has the name of its environment variable."""

    slack_bot_token: SecretStr = Field(description="the Slack app's bot token (xoxb-…)")
    slack_signing_secret: SecretStr = Field(
        description="the Slack app's signing secret; proves that a request comes from Slack"
    )
    slack_app_token: SecretStr | None = Field(
        default=None, description="app-level token (xapp-…); if set, the bot uses Socket Mode"
    )
    slack_api_url: str = Field(
        default="https://slack.com/api/", description="base address of Slack's Web API"
    )
    mongodb_uri: SecretStr = Field(
        default=SecretStr("mongodb://127.0.0.1:27017"), description="address of MongoDB 4.4+"
    )
    mongodb_database: str = Field(default="frontdesk", description="name of the database")
    gemini_api_key: SecretStr | None = Field(
        default=None,
        description="without it the built-in engine triages; Details on a card says so",
    )
    gemini_model: str = Field(default="gemini-2.5-flash-lite", description="Gemini model")
    gemini_api_endpoint: str | None = Field(
        default=None, description="another address for Gemini's API"
    )
    gemini_tokens_per_day: int = Field(
        default=1_000_000, ge=0, description="tokens that Gemini may use each day (UTC)"
    )
    floor_words: Annotated[tuple[PriorityRule, ...], NoDecode] = Field(
        default=(), description="minimum priorities by words: `production is down=urgent, …`"
    )
    floor_groups: Annotated[tuple[PriorityRule, ...], NoDecode] = Field(
        default=(), description="minimum priorities by the requester's Slack user group: `S…=high`"
    )
    gemini_shadow_prompt: Path | None = Field(
        default=None,
        description="a file with a shadow prompt, tested on judged tickets; answers are not shown",
    )
    allowed_link_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="comma-separated hosts that Gemini's notes may link to"
    )
    smtp_host: str | None = Field(
        default=None,
        description="Mailtrap (`sandbox.smtp.mailtrap.io`) or any mail server; "
        "without it no e-mail is sent",
    )
    smtp_port: int = Field(default=2525, ge=1, le=65535, description="port of the mail server")
    smtp_username: str | None = Field(default=None, description="user name at the mail server")
    smtp_password: SecretStr | None = Field(default=None, description="password at the mail server")
    smtp_starttls: bool = Field(default=True, description="require an encrypted connection")
    mail_from: str = Field(default="frontdesk@localhost", description="sender address of e-mails")
    jwt_secret: SecretStr = Field(
        description="signs API tokens and e-mail links; at least 32 bytes"
    )
    jwt_previous_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(), description="comma-separated earlier values of JWT_SECRET that stay valid"
    )
    admin_slack_ids: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="comma-separated Slack ids of members who are always admins"
    )
    public_url: str | None = Field(
        default=None, description="public address of the bot; e-mails then contain links"
    )
    webhook_private: bool = Field(default=False, description="allow webhooks to private addresses")
    host: str = Field(default="127.0.0.1", description="listen address")
    port: int = Field(default=3000, ge=1, le=65535, description="listen port")
    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="port of each worker's Prometheus metrics"
    )

    @field_validator("admin_slack_ids", "allowed_link_hosts", "jwt_previous_secrets", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("floor_words", "floor_groups", mode="before")
    @classmethod
    def _parse_priority_rules(cls, value: object) -> object:
        return parse_rules(value) if isinstance(value, str) else value

    @field_validator("jwt_secret", "jwt_previous_secrets")
    @classmethod
    def _check_secret_length(
        cls, value: SecretStr | tuple[SecretStr, ...]
    ) -> SecretStr | tuple[SecretStr, ...]:
        secrets = value if isinstance(value, tuple) else (value,)
        if any(len(secret.get_secret_value().encode()) < MIN_SECRET_BYTES for secret in secrets):
            raise ValueError(
                f"it must have at least {MIN_SECRET_BYTES} bytes; try `openssl rand -hex 32`"
            )
        return value

    def replaced_variables(self) -> dict[str, str]:
        """The variables that are set, but replaced by a setting of the workspace, by its name."""
        return {
            name: field.variable
            for name, field in setting_fields().items()
            if field.variable and getattr(self, field.variable.lower())
        }

    def values_for_workspace(self) -> dict[str, Any]:
        """The values of `replaced_variables`, by the names of their settings.

        They are taken over once into the settings of the workspace. A shadow prompt that cannot be
        used is left out and logged.
        """
        values = {
            "floor_words": self.floor_words,
            "floor_groups": self.floor_groups,
            "allowed_link_hosts": self.allowed_link_hosts,
            "shadow_prompt": self._read_shadow_prompt(),
        }
        return {name: value for name, value in values.items() if value}

    def _read_shadow_prompt(self) -> str:
        if self.gemini_shadow_prompt is None:
            return ""
        try:
            return parse_prompt(self.gemini_shadow_prompt.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            log.warning("GEMINI_SHADOW_PROMPT was not taken over: %s", error)
            return ""

    @field_validator("slack_api_url")
    @classmethod
    def _with_slash(cls, value: str) -> str:
        return value if value.endswith("/") else f"{value}/"


def read_settings() -> Settings:
    """The settings from the environment or `.env`.

    Raises:
        SystemExit: some are missing or invalid; one line for each, without its value.
    """
    try:
        return Settings()  # type: ignore[call-arg]  # the environment fills what is required
    except ValidationError as error:
        messages = {str(fault["loc"][0]).upper(): fault["msg"] for fault in error.errors()}
        lines = "\n".join(
            f"  {name}: {message.removeprefix('Value error, ')}"
            for name, message in messages.items()
        )
        raise SystemExit(
            f"Frontdesk can't start. These settings are missing or invalid:\n{lines}\n"
            "Set them in the environment or in .env. README.md lists all settings."
        ) from None
