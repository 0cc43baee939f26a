"""The settings, read from the environment or `.env` by this file alone."""

from typing import Annotated

from pydantic import Field, FilePath, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from models.triage.priority_rules import PriorityRule, parse_rules

# https://datatracker.ietf.org/doc/html/rfc7518#section-3.2: a key at least as long as the hash.
MIN_SECRET_BYTES = 32
_SETTINGS_SOURCE = SettingsConfigDict(
    env_file=".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
)


class QueueSettings(BaseSettings):
    """Where Redis is; all that the worker needs to know before it starts."""

    model_config = _SETTINGS_SOURCE

    redis_url: SecretStr = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"), description="any Redis 6.2+ or Valkey"
    )


class Settings(QueueSettings):
    """All settings of bot and worker; each is the environment variable of the same name."""

    slack_bot_token: SecretStr = Field(description="the Slack app's bot token (xoxb-…)")
    slack_signing_secret: SecretStr = Field(description="proves that a request comes from Slack")
    slack_app_token: SecretStr | None = Field(
        default=None, description="app-level token (xapp-…); with it the bot uses Socket Mode"
    )
    slack_api_url: str = Field(
        default="https://slack.com/api/", description="base of Slack's Web API"
    )
    mongodb_uri: SecretStr = Field(
        default=SecretStr("mongodb://127.0.0.1:27017"), description="any MongoDB 4.4+"
    )
    mongodb_database: str = Field(default="frontdesk", description="the database's name")
    gemini_api_key: SecretStr | None = Field(
        default=None, description="without it the built-in engine triages, and says so"
    )
    gemini_model: str = Field(default="gemini-2.5-flash-lite", description="Gemini's model")
    gemini_api_endpoint: str | None = Field(
        default=None, description="another address for Gemini's API"
    )
    gemini_tokens_per_day: int = Field(
        default=1_000_000, ge=0, description="tokens that Gemini may use each day (UTC)"
    )
    floor_words: Annotated[tuple[PriorityRule, ...], NoDecode] = Field(
        default=(), description="least priorities by words: `production is down=urgent, …`"
    )
    floor_groups: Annotated[tuple[PriorityRule, ...], NoDecode] = Field(
        default=(), description="least priorities by the requester's Slack user group: `S…=high`"
    )
    gemini_shadow_prompt: FilePath | None = Field(
        default=None, description="a file with a prompt on trial, which is asked and never shown"
    )
    allowed_link_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="comma-separated hosts that Gemini's notes may link to"
    )
    smtp_host: str | None = Field(
        default=None,
        description="Mailtrap (`sandbox.smtp.mailtrap.io`) or any server; without it: no e-mail",
    )
    smtp_port: int = Field(default=2525, ge=1, le=65535, description="the mail server's port")
    smtp_username: str | None = Field(default=None, description="log-in at the mail server")
    smtp_password: SecretStr | None = Field(default=None, description="log-in at the mail server")
    smtp_starttls: bool = Field(default=True, description="insist on an encrypted connection")
    mail_from: str = Field(
        default="frontdesk@localhost", description="the sender's address of e-mails"
    )
    jwt_secret: SecretStr = Field(description="signs the tokens the desk issues; at least 32 bytes")
    jwt_previous_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(), description="comma-separated earlier values of JWT_SECRET that still count"
    )
    admin_slack_ids: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="comma-separated Slack ids that are always admins"
    )
    public_url: str | None = Field(
        default=None, description="where the bot is reached from outside"
    )
    webhook_private: bool = Field(
        default=False, description="let webhooks go to addresses that are not public, too"
    )
    host: str = Field(default="127.0.0.1", description="listen address")
    port: int = Field(default=3000, ge=1, le=65535, description="listen port")
    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="where a worker answers Prometheus"
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
        if any(len(one.get_secret_value().encode()) < MIN_SECRET_BYTES for one in secrets):
            raise ValueError(
                f"it must have at least {MIN_SECRET_BYTES} bytes; try `openssl rand -hex 32`"
            )
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _with_slash(cls, value: str) -> str:
        return value if value.endswith("/") else f"{value}/"


def read_settings() -> Settings:
    """The settings from the environment; ends the program with a clear list when some are wrong.

    Raises:
        SystemExit: one line for each setting that is missing or can't be used, without its value.
    """
    try:
        return Settings()  # type: ignore[call-arg]  # the environment fills what is required
    except ValidationError as error:
        wrong = {str(fault["loc"][0]).upper(): fault["msg"] for fault in error.errors()}
        lines = "\n".join(
            f"  {name}: {said.removeprefix('Value error, ')}" for name, said in wrong.items()
        )
        raise SystemExit(
            f"Frontdesk can't start, because of these settings:\n{lines}\n"
            "Set them in the environment or in .env; README.md lists them all."
        ) from None
