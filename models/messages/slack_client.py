"""Slack's Web API, as bot and worker both use it. The only file that knows its failures.

slack_sdk's own retries are off: they repeat a POST on a lost connection, which sends a message
twice. What a failed call means is said by one of four outcomes (see `models.errors`); who called
decides about trying again.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Self

import aiohttp
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from models.clock import utc_now
from models.errors import (
    ExternalServiceError,
    OutcomeUnknown,
    PermanentFailure,
    RetryLater,
    TargetGone,
)
from models.infra.outbound_calls import ExternalService, OutboundCalls
from models.messages.cards import Block, SlackMessage
from models.people.member import Profile

SendRequest = Callable[[], Awaitable[AsyncSlackResponse]]
NOTICE_EVENT_TYPE = "frontdesk_notice"
# "It's possible some aspect of the operation succeeded before the error was raised."
# https://docs.slack.dev/reference/methods/chat.postMessage#errors
_OUTCOME_UNKNOWN_ERRORS = {
    "internal_error",
    "fatal_error",
    "request_timeout",
    "service_unavailable",
}
_DEFAULT_RETRY_SECONDS = 30.0
_RATE_LIMIT_ERRORS = {"ratelimited", "rate_limited", "message_limit_exceeded"}
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
    "no_such_subteam",
    "not_found",
}


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """Who the bot is: its workspace and its own user."""

    team_id: str
    team_name: str
    bot_id: str
    bot_user_id: str


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """Whom the token belongs to, what it opens, and Slack's time when it said so."""

    identity: BotIdentity
    scopes: frozenset[str]
    slack_time: datetime


class SlackClient:
    """The calls the desk makes; each ends well or raises an OutsideError."""

    def __init__(self, client: AsyncWebClient, gate: OutboundCalls) -> None:
        self.client = client
        self._gate = gate

    @classmethod
    def create(
        cls, base_url: str, token: SecretStr, session: aiohttp.ClientSession, gate: OutboundCalls
    ) -> Self:
        """A client for the Web API at that address, with the bot's token.

        Args:
            session: carries the time limit of each call; slack_sdk's own is not used with one.
            gate: what every call goes through.
        """
        client = AsyncWebClient(
            token=token.get_secret_value(),
            base_url=base_url,
            session=session,
            retry_handlers=[],
            # One whose level is set: else each view is written out for a line that nobody logs.
            logger=logging.getLogger("slack_sdk"),
        )
        return cls(client, gate)

    async def token_info(self) -> TokenInfo:
        """Ask Slack who the token belongs to and what it opens.

        The headers say what the body does not:
        https://docs.slack.dev/authentication/installing-with-oauth
        """
        heard: dict[str, str] = {}

        async def send() -> AsyncSlackResponse:
            response = await self.client.auth_test()
            heard.update({name.lower(): value for name, value in response.headers.items()})
            return response

        answer = await self._call("auth.test", send)
        identity = BotIdentity(
            team_id=answer["team_id"],
            team_name=answer.get("team", ""),
            bot_id=answer.get("bot_id", ""),
            bot_user_id=answer["user_id"],
        )
        scopes = frozenset(part.strip() for part in heard.get("x-oauth-scopes", "").split(","))
        at = parsedate_to_datetime(heard["date"]) if "date" in heard else utc_now()
        return TokenInfo(identity=identity, scopes=scopes, slack_time=at)

    async def check_app_token(self, token: SecretStr) -> None:
        """Ask for a link to a socket, as Socket Mode does, and leave it unused.

        Raises:
            OutsideError: Slack gives none.
        """
        await self._call(
            "apps.connections.open",
            lambda: self.client.apps_connections_open(app_token=token.get_secret_value()),
        )

    async def profile(self, slack_id: str, *, team_id: str) -> Profile:
        """Ask Slack for a person's name, e-mail, time zone, and whether they own the workspace."""
        answer = await self._call("users.info", lambda: self.client.users_info(user=slack_id))
        return Profile.from_slack_user(answer["user"], team_id=team_id)

    async def user_groups(self) -> list[tuple[str, str]]:
        """The user groups of the workspace that are in use: id and handle of each."""
        answer = await self._call(
            "usergroups.list", lambda: self.client.usergroups_list(include_disabled=False)
        )
        return [(str(one["id"]), str(one["handle"])) for one in answer["usergroups"]]

    async def user_group_members(self, group_id: str) -> frozenset[str]:
        """The Slack ids of who is in a user group.

        Raises:
            Gone: there is no such group, or it is disabled.
        """
        answer = await self._call(
            "usergroups.users.list",
            lambda: self.client.usergroups_users_list(usergroup=group_id),
        )
        return frozenset(answer["users"])

    async def open_dm(self, slack_id: str) -> str:
        """The id of the app's direct-message channel with a person."""
        answer = await self._call(
            "conversations.open", lambda: self.client.conversations_open(users=[slack_id])
        )
        channel: str = answer["channel"]["id"]
        return channel

    async def post_message(self, channel: str, message: SlackMessage, *, notice_id: str) -> str:
        """Post a message that carries its notice id; returns its `ts`."""
        answer = await self._call(
            "chat.postMessage",
            lambda: self.client.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=message.blocks,
                metadata={"event_type": NOTICE_EVENT_TYPE, "event_payload": {"notice": notice_id}},
                unfurl_links=False,
                unfurl_media=False,
            ),
            channel=channel,
        )
        ts: str = answer["ts"]
        return ts

    async def find_messages(self, channel: str, *, notice_id: str, since: datetime) -> list[str]:
        """The `ts` of all messages with that notice id in the conversation, the oldest first."""
        found: list[str] = []
        cursor = ""
        while True:
            page = await self._history_page(channel, since=since, cursor=cursor)
            found += [
                str(one["ts"])
                for one in page["messages"]
                if _notice_id_of_message(one) == notice_id
            ]
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return sorted(found)

    async def delete_message(self, channel: str, ts: str) -> None:
        """Take a message back; one that is gone already is gone."""
        with suppress(TargetGone):
            await self._call("chat.delete", lambda: self.client.chat_delete(channel=channel, ts=ts))

    async def _history_page(self, channel: str, *, since: datetime, cursor: str) -> dict[str, Any]:
        return await self._call(
            "conversations.history",
            lambda: self.client.conversations_history(
                channel=channel,
                oldest=f"{since.timestamp():.6f}",
                include_all_metadata=True,
                limit=200,
                cursor=cursor or None,
            ),
        )

    async def update_message(self, channel: str, ts: str, message: SlackMessage) -> None:
        """Draw a message anew."""
        await self._call(
            "chat.update",
            lambda: self.client.chat_update(
                channel=channel, ts=ts, text=message.text, blocks=message.blocks
            ),
        )

    async def open_view(self, trigger_id: str, view: Block) -> str:
        """Open a modal; returns the view's id. A trigger lives three seconds and works once."""
        answer = await self._call(
            "views.open", lambda: self.client.views_open(trigger_id=trigger_id, view=view)
        )
        view_id: str = answer["view"]["id"]
        return view_id

    async def push_view(self, trigger_id: str, view: Block) -> str:
        """Open a modal on top of the one that is open; returns the view's id."""
        answer = await self._call(
            "views.push", lambda: self.client.views_push(trigger_id=trigger_id, view=view)
        )
        view_id: str = answer["view"]["id"]
        return view_id

    async def update_view(self, view_id: str, view: Block) -> None:
        """Draw an open modal anew."""
        await self._call(
            "views.update", lambda: self.client.views_update(view_id=view_id, view=view)
        )

    async def update_view_by_external_id(self, external_id: str, view: Block) -> None:
        """Draw a modal anew that was opened by an answer, under the id it was given there.

        Raises:
            Gone: it is not open, or not yet.
        """
        await self._call(
            "views.update",
            lambda: self.client.views_update(external_id=external_id, view=view),
        )

    async def _call(self, method: str, send: SendRequest, *, channel: str = "") -> dict[str, Any]:
        async with self._gate.call(ExternalService.SLACK, method, channel=channel):
            return await _to_response_data(method, send())


def _notice_id_of_message(message: dict[str, Any]) -> str | None:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != NOTICE_EVENT_TYPE:
        return None
    notice: str | None = metadata.get("event_payload", {}).get("notice")
    return notice


async def _to_response_data(method: str, call: Awaitable[AsyncSlackResponse]) -> dict[str, Any]:
    """Slack's answer; what slack_sdk and aiohttp raise becomes one of the outcomes."""
    try:
        data = (await call).data
    except SlackApiError as error:
        raise _to_service_error(method, error) from error
    except aiohttp.ClientConnectorError as error:
        raise RetryLater(f"{method}: Slack could not be reached") from error
    except (TimeoutError, OSError, aiohttp.ClientError, SlackClientError, ValueError) as error:
        raise OutcomeUnknown(f"{method}: no usable answer ({type(error).__name__})") from error
    if not isinstance(data, dict):
        raise OutcomeUnknown(f"{method}: Slack's answer could not be read")
    return data


def _to_service_error(method: str, error: SlackApiError) -> ExternalServiceError:
    """Status first, then body: a proxy's answer has no Slack error in it."""
    response = error.response
    status = getattr(response, "status_code", 0)
    data = getattr(response, "data", None)
    name = data.get("error") if isinstance(data, dict) else None
    if status == HTTPStatus.TOO_MANY_REQUESTS or name in _RATE_LIMIT_ERRORS:
        return RetryLater(
            f"{method}: {name or 'ratelimited'}",
            retry_after_seconds=_retry_after_seconds(response),
            uses_attempt=False,
        )
    if (
        status >= HTTPStatus.INTERNAL_SERVER_ERROR
        or name in _OUTCOME_UNKNOWN_ERRORS
        or name is None
    ):
        return OutcomeUnknown(f"{method}: {name or f'HTTP {status}'}")
    return (
        TargetGone(f"{method}: {name}")
        if name in _GONE_ERRORS
        else PermanentFailure(f"{method}: {name}")
    )


def _retry_after_seconds(response: AsyncSlackResponse) -> float:
    """Slack says seconds; a proxy in between may say a date, or nothing."""
    try:
        return max(1.0, float(response.headers.get("Retry-After", "")))
    except ValueError:
        return _DEFAULT_RETRY_SECONDS
