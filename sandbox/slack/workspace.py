"""A simulated Slack workspace with one installed app, as strict as Slack, on 127.0.0.1."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from sandbox.slack.actors.actor import Gateway
from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import Manifest
from sandbox.slack.delivery import event_payloads
from sandbox.slack.delivery.delivery import Ack, AppRequest, Delivery, EnvelopeKind, entry_payload
from sandbox.slack.delivery.event_dispatcher import EventDispatcher
from sandbox.slack.delivery.socket_mode import SocketConnections
from sandbox.slack.entities.channels import Channel, ChannelKind
from sandbox.slack.entities.people import Member, stable_user_id
from sandbox.slack.entities.usergroups import Usergroup
from sandbox.slack.primitives.clock import Clock
from sandbox.slack.primitives.ids import random_secret, stable_id
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.faults import FaultRules
from sandbox.slack.state.traffic_log import TrafficEntry, TrafficLog
from sandbox.slack.state.workspace_state import WorkspaceState
from sandbox.slack.web_api.api import WebApi
from sandbox.slack.web_api.http_server import SlackHttpServer

T = TypeVar("T")


class Workspace:
    """`async with Workspace(manifest) as slack:` serves Slack's API until the block ends."""

    def __init__(
        self,
        manifest: Manifest,
        *,
        team_id: str = "T0FRONT01",
        team_name: str = "Acme",
        port: int = 0,
        traffic_log_path: Path | None = None,
    ) -> None:
        self.state = WorkspaceState(
            manifest, team_id=team_id, team_name=team_name, traffic_log_path=traffic_log_path
        )
        self.sockets = SocketConnections(self.state)
        self._port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._delivery = Delivery(self.state, self.sockets)
        self._event_dispatcher = EventDispatcher(
            self.state, self._delivery, self._run_in_background
        )
        self._gateway = Gateway(self.state, self._delivery, self._event_dispatcher)
        self._server = SlackHttpServer(WebApi(self.state), self.sockets)
        self._persons: dict[str, Person] = {}
        self.state.emit = self._event_dispatcher.dispatch
        self.state.new_socket_url = self.sockets.new_url

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        await self._delivery.start()
        self.state.base_url = await self._server.start(self._port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.stop()
        await self._delivery.stop()

    # Addresses, tokens and ids that the app needs

    @property
    def api_url(self) -> str:
        return f"{self.state.base_url}/api/"

    @property
    def request_url(self) -> str | None:
        """The URL that gets signed HTTP requests; None sends everything over Socket Mode."""
        return self._delivery.request_url

    @request_url.setter
    def request_url(self, url: str | None) -> None:
        self._delivery.request_url = url

    @property
    def bot_token(self) -> str:
        return self.state.credentials.bot_token

    @property
    def app_token(self) -> str:
        return self.state.credentials.app_token

    @property
    def signing_secret(self) -> str:
        return self.state.credentials.signing_secret

    @property
    def bot_user_id(self) -> str:
        return self.state.app.bot_user_id

    @property
    def bot_id(self) -> str:
        return self.state.app.bot_id

    @property
    def app_id(self) -> str:
        return self.state.app.app_id

    @property
    def team_id(self) -> str:
        return self.state.team_id

    # Controls for a test

    @property
    def clock(self) -> Clock:
        return self.state.clock

    @property
    def faults(self) -> FaultRules:
        return self.state.faults

    @property
    def traffic_log(self) -> TrafficLog:
        return self.state.traffic_log

    @property
    def has_rate_limits(self) -> bool:
        return self.state.rate_limiter.is_enabled

    @has_rate_limits.setter
    def has_rate_limits(self, is_enabled: bool) -> None:
        self.state.rate_limiter.is_enabled = is_enabled

    @property
    def people(self) -> list[Person]:
        return list(self._persons.values())

    @property
    def channels(self) -> list[Channel]:
        return [channel for channel in self.state.channels if channel.name]

    def add_person(
        self,
        handle: str,
        *,
        real_name: str,
        email: str,
        tz: str = "Europe/Berlin",
        owner: bool = False,
        admin: bool = False,
        guest: bool = False,
        bot: bool = False,
        team_id: str | None = None,
        user_id: str | None = None,
    ) -> Person:
        """Return a new person; another `team_id` makes them external, as in Slack Connect.

        The app gets no event: `Person.join_workspace` sends `team_join`.
        """
        team = team_id or self.team_id
        member = Member(
            id=user_id or _stable_user_id(team, handle),
            team_id=team,
            handle=handle,
            real_name=real_name,
            email=email,
            tz=tz,
            owner=owner,
            admin=admin,
            guest=guest,
            bot=bot,
            bot_id=stable_id("B", team, handle) if bot else "",
            updated=self.state.now(),
        )
        self.state.people.add(member)
        self._persons[member.id] = Person(self._gateway, member)
        return self._persons[member.id]

    def get_person(self, name: str) -> Person:
        """Return a person by id, handle or real name; raise LookupError if there is none."""
        member = self.state.people.find_by_name(name)
        if member is None or member.id not in self._persons:
            raise LookupError(f"There is nobody called {name!r}.")
        return self._persons[member.id]

    def deactivate(self, person: Person) -> None:
        self.update_account(person, deleted=True)

    def update_account(self, person: Person, **fields: object) -> None:
        """Change fields of a person's `Member` and send the app a `user_change` event."""
        for name, value in fields.items():
            setattr(person.member, name, value)
        person.member.updated = self.state.now()
        self._event_dispatcher.dispatch(
            event_payloads.user_changed(self.state, person.member, name="user_change")
        )
        self.state.notify_change()

    def add_channel(
        self, name: str, *, members: Iterable[Person] = (), private: bool = False
    ) -> Channel:
        """Return a new channel; the app joins it only by `Person.invite_app`."""
        ids = [person.id for person in members]
        return self.state.channels.add(
            name,
            kind=ChannelKind.GROUP if private else ChannelKind.CHANNEL,
            members=ids,
            created=self.state.now(),
            creator=ids[0] if ids else self.bot_user_id,
        )

    def archive_channel(self, channel: Channel) -> None:
        channel.is_archived = True
        self.state.notify_change()

    def add_usergroup(self, handle: str, *, name: str, users: Iterable[Person] = ()) -> Usergroup:
        return self.state.usergroups.add(
            handle,
            name=name,
            team_id=self.team_id,
            users=[person.id for person in users],
            created=self.state.now(),
        )

    def set_usergroup_users(self, group: Usergroup, *, users: Iterable[Person]) -> None:
        """Replace the members of a user group and send the app both events."""
        before, group.users = group.users, [person.id for person in users]
        for event in event_payloads.usergroup_changed(self.state, group, before=before):
            self._event_dispatcher.dispatch(event)
        self.state.notify_change()

    async def wait_until(
        self, condition: Callable[[], T], *, timeout_seconds: float = 10, waiting_for: str = ""
    ) -> T:
        """Return the condition's first truthy value; it is checked after every change."""
        return await self.state.notifier.wait_until(
            condition, timeout_seconds=timeout_seconds, waiting_for=waiting_for
        )

    def reset(self) -> None:
        """Delete messages, views, traffic log, faults and URLs; keep people and channels."""
        for person in self._persons.values():
            person.alerts.clear()
        self.state.reset()

    # Requests that a test sends itself

    def signature_headers(self, body: bytes, timestamp: int | None = None) -> dict[str, str]:
        return self._delivery.signature_headers(body, timestamp)

    def entry_payload(self, entry: TrafficEntry) -> Json:
        return entry_payload(entry)

    async def resend(self, entry: TrafficEntry) -> Ack:
        """Send the same bytes again; gather several calls for parallel redelivery."""
        return await self._delivery.resend(entry)

    async def send_raw(self, body: bytes, headers: Mapping[str, str]) -> Ack:
        """Post any body with any headers to the request URL."""
        return await self._delivery.send_raw(body, headers)

    async def verify_url(self) -> bool:
        """Send url_verification as Slack does; true when the app returns the challenge."""
        challenge = random_secret(48)
        payload = {"token": self.state.credentials.verification_token, "challenge": challenge}
        payload["type"] = "url_verification"
        ack = await self._delivery.send(AppRequest("url_verification", EnvelopeKind.EVENT, payload))
        answer = ack.body.get("challenge") if isinstance(ack.body, dict) else ack.body
        return ack.ok and answer == challenge

    async def send_ssl_check(self) -> Ack:
        """Send the unsigned post with which Slack checks the app's certificate."""
        body = f"ssl_check=1&token={self.state.credentials.verification_token}".encode()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self._delivery.send_raw(body, form)

    async def uninstall(self) -> None:
        """Remove the app: its tokens stop working, and it gets both events about it."""
        self.state.credentials.is_account_active = False
        await self._event_dispatcher.dispatch_and_wait(event_payloads.tokens_revoked(self.state))
        await self._event_dispatcher.dispatch_and_wait(event_payloads.app_uninstalled())

    def _run_in_background(self, work: Coroutine[Any, Any, None]) -> object:
        if self._loop is None:
            raise RuntimeError("The workspace is not open.")
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _stable_user_id(team_id: str, handle: str) -> str:
    return stable_user_id(team_id, handle)
