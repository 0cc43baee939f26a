"""A simulated Slack workspace with one app installed: strict as Slack is, on one's own machine."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from sandbox.slack import happenings
from sandbox.slack.api import Api
from sandbox.slack.channels import Channel, Kind
from sandbox.slack.clock import Clock
from sandbox.slack.delivery import Ack, Delivery, Envelope, Parcel, payload_of
from sandbox.slack.door import Door
from sandbox.slack.events import Events
from sandbox.slack.faults import Faults
from sandbox.slack.ids import lasting_id, secret
from sandbox.slack.journal import Entry, Journal
from sandbox.slack.manifest import Manifest
from sandbox.slack.people import Member, user_id
from sandbox.slack.person import Person
from sandbox.slack.server import Server
from sandbox.slack.shapes import Json
from sandbox.slack.socket_mode import Sockets
from sandbox.slack.state import State
from sandbox.slack.usergroups import Usergroup

T = TypeVar("T")


class Workspace:
    """`async with Workspace(manifest) as slack:` it listens on 127.0.0.1 until the block ends."""

    def __init__(
        self,
        manifest: Manifest,
        *,
        team_id: str = "T0FRONT01",
        team_name: str = "Acme",
        port: int = 0,
        journal_path: Path | None = None,
    ) -> None:
        self.state = State(
            manifest, team_id=team_id, team_name=team_name, journal_path=journal_path
        )
        self.sockets = Sockets(self.state)
        self._port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._delivery = Delivery(self.state, self.sockets)
        self._events = Events(self.state, self._delivery, self._in_background)
        self._door = Door(self.state, self._delivery, self._events)
        self._server = Server(Api(self.state), self.sockets)
        self._persons: dict[str, Person] = {}
        self.state.emit = self._events.emit
        self.state.socket_url = self.sockets.url

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

    # What the app needs to know

    @property
    def api_url(self) -> str:
        return f"{self.state.base_url}/api/"

    @property
    def request_url(self) -> str | None:
        """Where signed HTTP goes; None sends everything over Socket Mode."""
        return self._delivery.request_url

    @request_url.setter
    def request_url(self, url: str | None) -> None:
        self._delivery.request_url = url

    @property
    def bot_token(self) -> str:
        return self.state.tokens.bot

    @property
    def app_token(self) -> str:
        return self.state.tokens.app

    @property
    def signing_secret(self) -> str:
        return self.state.tokens.signing_secret

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

    # What a test holds in its hands

    @property
    def clock(self) -> Clock:
        return self.state.clock

    @property
    def faults(self) -> Faults:
        return self.state.faults

    @property
    def journal(self) -> Journal:
        return self.state.journal

    @property
    def rate_limits(self) -> bool:
        return self.state.rates.enabled

    @rate_limits.setter
    def rate_limits(self, on: bool) -> None:
        self.state.rates.enabled = on

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
        """With another `team_id`, a person of another workspace, as in Slack Connect.

        They have always been there: `Person.joins_workspace` tells the app of a newcomer.
        """
        team = team_id or self.team_id
        member = Member(
            id=user_id or _id_for(team, handle),
            team_id=team,
            handle=handle,
            real_name=real_name,
            email=email,
            tz=tz,
            owner=owner,
            admin=admin,
            guest=guest,
            bot=bot,
            bot_id=lasting_id("B", team, handle) if bot else "",
            updated=self.state.now(),
        )
        self.state.people.add(member)
        self._persons[member.id] = Person(self._door, member)
        return self._persons[member.id]

    def person(self, name: str) -> Person:
        """By id, handle or real name."""
        member = self.state.people.named(name)
        if member is None or member.id not in self._persons:
            raise LookupError(f"There is nobody called {name!r}.")
        return self._persons[member.id]

    def deactivate(self, person: Person) -> None:
        self.change(person, deleted=True)

    def change(self, person: Person, **fields: object) -> None:
        """Change something in a person's account, by its name in `Member`; the app hears of it."""
        for name, value in fields.items():
            setattr(person.member, name, value)
        person.member.updated = self.state.now()
        self._events.emit(happenings.user_changed(self.state, person.member, name="user_change"))
        self.state.changed()

    def add_channel(
        self, name: str, *, members: Iterable[Person] = (), private: bool = False
    ) -> Channel:
        """The app is not in it until somebody invites it (`Person.invites_app`)."""
        ids = [person.id for person in members]
        return self.state.channels.add(
            name,
            kind=Kind.GROUP if private else Kind.CHANNEL,
            members=ids,
            created=self.state.now(),
            creator=ids[0] if ids else self.bot_user_id,
        )

    def archive(self, channel: Channel) -> None:
        channel.archived = True
        self.state.changed()

    def add_usergroup(self, handle: str, *, name: str, users: Iterable[Person] = ()) -> Usergroup:
        return self.state.usergroups.add(
            handle,
            name=name,
            team_id=self.team_id,
            users=[person.id for person in users],
            created=self.state.now(),
        )

    def change_usergroup(self, group: Usergroup, *, users: Iterable[Person]) -> None:
        """Have these people in a user group, and no others."""
        before, group.users = group.users, [person.id for person in users]
        for event in happenings.usergroup_changed(self.state, group, before=before):
            self._events.emit(event)
        self.state.changed()

    async def until(
        self, condition: Callable[[], T], *, timeout: float = 10, waiting_for: str = ""
    ) -> T:
        """The first truthy value of the condition, looked at after every change."""
        return await self.state.changes.until(condition, timeout=timeout, waiting_for=waiting_for)

    def reset(self) -> None:
        """Forget messages, views, journal, faults and windows; keep people and channels."""
        for person in self._persons.values():
            person.alerts.clear()
        self.state.reset()

    # Deliveries by hand

    def sign(self, body: bytes, timestamp: int | None = None) -> dict[str, str]:
        return self._delivery.sign(body, timestamp)

    def payload_of(self, entry: Entry) -> Json:
        return payload_of(entry)

    async def redeliver(self, entry: Entry) -> Ack:
        """The very same bytes once more; gather several for parallel redelivery."""
        return await self._delivery.send_again(entry)

    async def deliver_raw(self, body: bytes, headers: Mapping[str, str]) -> Ack:
        """Any body with any headers to the request URL."""
        return await self._delivery.deliver_raw(body, headers)

    async def verify_url(self) -> bool:
        """url_verification, as when a request URL is entered: the challenge must come back."""
        challenge = secret(48)
        payload = {"token": self.state.tokens.verification, "challenge": challenge}
        payload["type"] = "url_verification"
        ack = await self._delivery.send(Parcel("url_verification", Envelope.EVENT, payload))
        answered = ack.body.get("challenge") if isinstance(ack.body, dict) else ack.body
        return ack.ok and answered == challenge

    async def check_ssl(self) -> Ack:
        """Slack's look at the certificate: an unsigned post."""
        body = f"ssl_check=1&token={self.state.tokens.verification}".encode()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self._delivery.deliver_raw(body, form)

    async def uninstall(self) -> None:
        """Remove the app: its tokens stop working, and it hears of that."""
        self.state.tokens.account_active = False
        await self._events.tell(happenings.tokens_revoked(self.state))
        await self._events.tell(happenings.app_uninstalled())

    def _in_background(self, work: Coroutine[Any, Any, None]) -> object:
        if self._loop is None:
            raise RuntimeError("The workspace is not open.")
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _id_for(team_id: str, handle: str) -> str:
    return user_id(team_id, handle)
