"""The client for Slack's Web API, for the bot and the worker.

Only this file knows how Slack fails. slack_sdk's own retries are off: they repeat a POST after a
lost connection, which sends a message twice. A failed call raises one of the errors in
`models.errors`; the caller decides about a retry.
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
from models.messages.block_kit import View
from models.messages.cards import SlackMessage
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
    """The bot's own user, and its workspace."""

    team_id: str
    team_name: str
    bot_id: str
    bot_user_id: str


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """The owner and the scopes of a token, and Slack's time of the answer."""

    identity: BotIdentity
    scopes: frozenset[str]
    slack_time: datetime


class SlackClient:
    """The calls that Frontdesk makes; each returns, or raises an ExternalServiceError."""

    def __init__(self, client: AsyncWebClient, outbound_calls: OutboundCalls) -> None:
        self.client = client
        self._outbound_calls = outbound_calls

    @classmethod
    def create(
        cls,
        base_url: str,
        token: SecretStr,
        session: aiohttp.ClientSession,
        outbound_calls: OutboundCalls,
    ) -> Self:
        """A client for the Web API at this address, with the bot's token.

        Args:
            session: holds the time limit of each call; slack_sdk ignores its own with a session.
            outbound_calls: the rate limits and the circuit breaker of every call.
        """
        client = AsyncWebClient(
            token=token.get_secret_value(),
            base_url=base_url,
            session=session,
            retry_handlers=[],
            # A logger without a level counts as 0, so slack_sdk formats each view for a debug line
            # (slack_sdk/web/async_internal_utils.py). `models.infra.logs` sets this one's level.
            logger=logging.getLogger("slack_sdk"),
        )
        return cls(client, outbound_calls)

    async def token_info(self) -> TokenInfo:
        """The token's owner and scopes, from `auth.test`.

        Only the headers hold the scopes:
        https://docs.slack.dev/authentication/installing-with-oauth
        """
        headers: dict[str, str] = {}

        async def send() -> AsyncSlackResponse:
            response = await self.client.auth_test()
            headers.update({name.lower(): value for name, value in response.headers.items()})
            return response

        answer = await self._call("auth.test", send)
        identity = BotIdentity(
            team_id=answer["team_id"],
            team_name=answer.get("team", ""),
            bot_id=answer.get("bot_id", ""),
            bot_user_id=answer["user_id"],
        )
        scopes = frozenset(part.strip() for part in headers.get("x-oauth-scopes", "").split(","))
        slack_time = parsedate_to_datetime(headers["date"]) if "date" in headers else utc_now()
        return TokenInfo(identity=identity, scopes=scopes, slack_time=slack_time)

    async def check_app_token(self, token: SecretStr) -> None:
        """Ask for a WebSocket address, as Socket Mode does, and do not use it.

        Raises:
            ExternalServiceError: Slack gives no address.
        """
        await self._call(
            "apps.connections.open",
            lambda: self.client.apps_connections_open(app_token=token.get_secret_value()),
        )

    async def profile(self, slack_id: str, *, team_id: str) -> Profile:
        """A person's name, e-mail, time zone, and whether they own the workspace."""
        answer = await self._call("users.info", lambda: self.client.users_info(user=slack_id))
        return Profile.from_slack_user(answer["user"], team_id=team_id)

    async def user_groups(self) -> list[tuple[str, str]]:
        """The ids and handles of the workspace's enabled user groups."""
        answer = await self._call(
            "usergroups.list", lambda: self.client.usergroups_list(include_disabled=False)
        )
        return [(str(group["id"]), str(group["handle"])) for group in answer["usergroups"]]

    async def user_group_members(self, group_id: str) -> frozenset[str]:
        """The Slack ids of a user group's members.

        Raises:
            TargetGone: the group does not exist, or it is disabled.
        """
        answer = await self._call(
            "usergroups.users.list",
            lambda: self.client.usergroups_users_list(usergroup=group_id),
        )
        return frozenset(answer["users"])

    async def open_dm(self, slack_id: str) -> str:
        """The channel id of the bot's direct messages with a person."""
        answer = await self._call(
            "conversations.open", lambda: self.client.conversations_open(users=[slack_id])
        )
        channel: str = answer["channel"]["id"]
        return channel

    async def post_message(self, channel: str, message: SlackMessage, *, notice_id: str) -> str:
        """Post a message with its notice id as metadata; returns its `ts`."""
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
        """The `ts` of the channel's messages with this notice id, the oldest first."""
        timestamps: list[str] = []
        cursor = ""
        while True:
            page = await self._history_page(channel, since=since, cursor=cursor)
            timestamps += [
                str(message["ts"])
                for message in page["messages"]
                if _notice_id_of_message(message) == notice_id
            ]
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return sorted(timestamps)

    async def delete_message(self, channel: str, ts: str) -> None:
        """Delete a message; a message that does not exist is no error."""
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
        """Replace a message's content, unless it has just been drawn with the same one."""
        drawn_messages = self._outbound_calls.drawn_messages
        token = await drawn_messages.begin(channel, ts, message.digest)
        if token is None:
            return
        await self._call(
            "chat.update",
            lambda: self.client.chat_update(
                channel=channel, ts=ts, text=message.text, blocks=message.blocks
            ),
        )
        await drawn_messages.end(channel, ts, message.digest, token=token)

    async def open_view(self, trigger_id: str, view: View) -> str:
        """Open a modal; returns the view's id. A trigger is valid for 3 seconds and works once."""
        answer = await self._call(
            "views.open", lambda: self.client.views_open(trigger_id=trigger_id, view=view)
        )
        view_id: str = answer["view"]["id"]
        return view_id

    async def push_view(self, trigger_id: str, view: View) -> str:
        """Open a modal on top of the open one; returns the view's id."""
        answer = await self._call(
            "views.push", lambda: self.client.views_push(trigger_id=trigger_id, view=view)
        )
        view_id: str = answer["view"]["id"]
        return view_id

    async def update_view(self, view_id: str, view: View) -> None:
        """Replace an open modal's content."""
        await self._call(
            "views.update", lambda: self.client.views_update(view_id=view_id, view=view)
        )

    async def update_view_by_external_id(self, external_id: str, view: View) -> None:
        """Replace the content of a modal that an acknowledgement opened with this external id.

        Raises:
            TargetGone: the modal is not open, or not yet.
        """
        await self._call(
            "views.update",
            lambda: self.client.views_update(external_id=external_id, view=view),
        )

    async def _call(self, method: str, send: SendRequest, *, channel: str = "") -> dict[str, Any]:
        async with self._outbound_calls.call(ExternalService.SLACK, method, channel=channel):
            return await _to_response_data(method, send())


def _notice_id_of_message(message: dict[str, Any]) -> str | None:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != NOTICE_EVENT_TYPE:
        return None
    notice_id: str | None = metadata.get("event_payload", {}).get("notice")
    return notice_id


async def _to_response_data(method: str, call: Awaitable[AsyncSlackResponse]) -> dict[str, Any]:
    """Slack's answer; errors of slack_sdk and aiohttp become an ExternalServiceError."""
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
    # The status comes first: the answer of a proxy has no Slack error in its body.
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
    """The seconds to wait; a proxy may send a date or nothing instead of Slack's seconds."""
    try:
        return max(1.0, float(response.headers.get("Retry-After", "")))
    except ValueError:
        return _DEFAULT_RETRY_SECONDS
