"""Slack's Web API, as bot and worker both use it. The only file that knows its failures.

slack_sdk's own retries are off: they repeat a POST on a lost connection, which sends a message
twice. What a failed call means is said by one of four outcomes (see `models.errors`); who called
decides about trying again.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Self

import aiohttp
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from models.cards import Block, Message
from models.errors import Gone, NotNow, OutsideError, Refused, Unknown
from models.member import Profile

NOTICE_EVENT = "frontdesk_notice"
# "It's possible some aspect of the operation succeeded before the error was raised."
# https://docs.slack.dev/reference/methods/chat.postMessage#errors
_UNKNOWN_ERRORS = {"internal_error", "fatal_error", "request_timeout", "service_unavailable"}
_RATE_ERRORS = {"ratelimited", "rate_limited", "message_limit_exceeded"}
_GONE_ERRORS = {
    "user_not_found",
    "user_disabled",
    "user_not_visible",
    "cannot_dm_bot",
    "channel_not_found",
    "message_not_found",
    "cant_update_message",
    "edit_window_closed",
    "is_archived",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is: its workspace and its own user."""

    team_id: str
    team_name: str
    bot_id: str
    bot_user_id: str


class Slack:
    """The calls the desk makes; each ends well or raises an OutsideError."""

    def __init__(self, client: AsyncWebClient) -> None:
        self.client = client

    @classmethod
    def at(cls, base_url: str, token: SecretStr, session: aiohttp.ClientSession) -> Self:
        """A client for the Web API at that address, with the bot's token.

        Args:
            session: carries the time limit of each call; slack_sdk's own is not used with one.
        """
        client = AsyncWebClient(
            token=token.get_secret_value(),
            base_url=base_url,
            session=session,
            retry_handlers=[],
        )
        return cls(client)

    async def identity(self) -> Identity:
        """Ask Slack who the token belongs to."""
        answer = await _answer("auth.test", self.client.auth_test())
        return Identity(
            team_id=answer["team_id"],
            team_name=answer.get("team", ""),
            bot_id=answer.get("bot_id", ""),
            bot_user_id=answer["user_id"],
        )

    async def profile(self, slack_id: str) -> Profile:
        """Ask Slack for a person's name, e-mail, time zone, and whether they own the workspace."""
        user = (await _answer("users.info", self.client.users_info(user=slack_id)))["user"]
        about = user.get("profile", {})
        return Profile(
            name=user.get("real_name") or about.get("display_name") or user.get("name", ""),
            email=about.get("email"),
            tz=user.get("tz") or "UTC",
            owner=bool(user.get("is_owner") or user.get("is_primary_owner")),
            active=not user.get("deleted", False),
        )

    async def open_dm(self, slack_id: str) -> str:
        """The id of the app's direct-message channel with a person."""
        call = self.client.conversations_open(users=[slack_id])
        channel: str = (await _answer("conversations.open", call))["channel"]["id"]
        return channel

    async def post(self, channel: str, message: Message, *, notice: str) -> str:
        """Post a message that carries its notice id; returns its `ts`."""
        call = self.client.chat_postMessage(
            channel=channel,
            text=message.text,
            blocks=message.blocks,
            metadata={"event_type": NOTICE_EVENT, "event_payload": {"notice": notice}},
            unfurl_links=False,
            unfurl_media=False,
        )
        ts: str = (await _answer("chat.postMessage", call))["ts"]
        return ts

    async def find(self, channel: str, *, notice: str, since: datetime) -> str | None:
        """The `ts` of the message with that notice id, if it is in the conversation."""
        cursor = ""
        while True:
            call = self.client.conversations_history(
                channel=channel,
                oldest=f"{since.timestamp():.6f}",
                include_all_metadata=True,
                limit=200,
                cursor=cursor or None,
            )
            page = await _answer("conversations.history", call)
            for message in page["messages"]:
                if _notice_of(message) == notice:
                    ts: str = message["ts"]
                    return ts
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return None

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Draw a message anew."""
        call = self.client.chat_update(
            channel=channel, ts=ts, text=message.text, blocks=message.blocks
        )
        await _answer("chat.update", call)

    async def open_view(self, trigger_id: str, view: Block) -> str:
        """Open a modal; returns the view's id. A trigger lives three seconds and works once."""
        call = self.client.views_open(trigger_id=trigger_id, view=view)
        view_id: str = (await _answer("views.open", call))["view"]["id"]
        return view_id

    async def push_view(self, trigger_id: str, view: Block) -> None:
        """Open a modal on top of the one that is open."""
        await _answer("views.push", self.client.views_push(trigger_id=trigger_id, view=view))

    async def update_view(self, view_id: str, view: Block) -> None:
        """Draw an open modal anew."""
        await _answer("views.update", self.client.views_update(view_id=view_id, view=view))


def _notice_of(message: dict[str, Any]) -> str | None:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != NOTICE_EVENT:
        return None
    notice: str | None = metadata.get("event_payload", {}).get("notice")
    return notice


async def _answer(method: str, call: Awaitable[AsyncSlackResponse]) -> dict[str, Any]:
    """Slack's answer; what slack_sdk and aiohttp raise becomes one of the outcomes."""
    try:
        data = (await call).data
    except SlackApiError as error:
        raise _outcome(method, error) from error
    except aiohttp.ClientConnectorError as error:
        raise NotNow(f"{method}: Slack could not be reached") from error
    except (TimeoutError, OSError, aiohttp.ClientError, SlackClientError, ValueError) as error:
        raise Unknown(f"{method}: no usable answer ({type(error).__name__})") from error
    if not isinstance(data, dict):
        raise Unknown(f"{method}: Slack's answer could not be read")
    return data


def _outcome(method: str, error: SlackApiError) -> OutsideError:
    """Status first, then body: a proxy's answer has no Slack error in it."""
    response = error.response
    status = getattr(response, "status_code", 0)
    data = getattr(response, "data", None)
    name = data.get("error") if isinstance(data, dict) else None
    if status == HTTPStatus.TOO_MANY_REQUESTS or name in _RATE_ERRORS:
        wait = float(response.headers.get("Retry-After", 30))
        return NotNow(f"{method}: {name or 'ratelimited'}", seconds=wait, counts=False)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or name in _UNKNOWN_ERRORS or name is None:
        return Unknown(f"{method}: {name or f'HTTP {status}'}")
    return Gone(f"{method}: {name}") if name in _GONE_ERRORS else Refused(f"{method}: {name}")
