"""The complete state of a workspace, without any network."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox.slack.app_manifest.manifest import Manifest
from sandbox.slack.entities.channels import Channel, Channels
from sandbox.slack.entities.messages import MessageStore, Post
from sandbox.slack.entities.people import Directory, Member
from sandbox.slack.entities.uploads import Uploads
from sandbox.slack.entities.usergroups import Usergroups
from sandbox.slack.primitives.change_notifier import ChangeNotifier
from sandbox.slack.primitives.clock import Clock
from sandbox.slack.primitives.ids import IdGenerator, stable_id
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.credentials import Credentials
from sandbox.slack.state.expiring_urls import ResponseUrls, Triggers
from sandbox.slack.state.faults import FaultRules
from sandbox.slack.state.rate_limits import RateLimiter
from sandbox.slack.state.traffic_log import TrafficLog
from sandbox.slack.state.views import StateValues, View, Views, view_object


@dataclass(frozen=True, slots=True)
class AppInstallation:
    """The ids of the app that is installed in this workspace."""

    app_id: str
    bot_id: str
    bot_user_id: str
    bot_name: str


class WorkspaceState:
    """The state of a workspace; code that changes it then calls `notify_change()`."""

    def __init__(
        self, manifest: Manifest, *, team_id: str, team_name: str, traffic_log_path: Path | None
    ) -> None:
        self.manifest = manifest
        self.team_id = team_id
        self.team_name = team_name
        self.team_domain = team_name.lower().replace(" ", "-")
        self.notifier = ChangeNotifier()
        self.clock = Clock(on_advance=self.notifier.notify)
        self.ids = IdGenerator()
        self.faults = FaultRules()
        self.traffic_log = TrafficLog(traffic_log_path)
        self.credentials = Credentials()
        self.people = Directory(team_id)
        self.channels = Channels(team_id)
        self.usergroups = Usergroups()
        self.messages = MessageStore()
        self.uploads = Uploads()
        self.views = Views(self.clock, self.ids)
        self.triggers = Triggers(self.clock, self.ids)
        self.response_urls = ResponseUrls(self.clock, self.ids)
        self.rate_limiter = RateLimiter(self.clock)
        self.values_by_message: dict[tuple[str, str], StateValues] = {}
        self.base_url = ""
        self.emit: Callable[[Json], None] = lambda event: None
        self.new_socket_url: Callable[[], str] = lambda: ""
        self.app = self._install()

    def _install(self) -> AppInstallation:
        app = AppInstallation(
            app_id=stable_id("A", self.team_id, self.manifest.name),
            bot_id=stable_id("B", self.team_id, self.manifest.name),
            bot_user_id=stable_id("U", self.team_id, "bot", self.manifest.name),
            bot_name=self.manifest.bot_name,
        )
        handle = app.bot_name.lower().replace(" ", "")
        self.people.add(
            Member(
                id=app.bot_user_id,
                team_id=self.team_id,
                handle=handle,
                real_name=app.bot_name,
                email="",
                tz="America/Los_Angeles",
                bot=True,
                bot_id=app.bot_id,
            )
        )
        return app

    def notify_change(self) -> None:
        self.notifier.notify()

    def now(self) -> int:
        return int(self.clock.now())

    def new_ts(self) -> str:
        return self.ids.new_ts(self.clock.now())

    def direct_channel(self, user_id: str) -> Channel:
        """Return the direct message conversation between this person and the app."""
        return self.channels.open_direct(self.app.bot_user_id, user_id, created=self.now())

    def display_name(self, entity_id: str) -> str:
        """Return the name that Slack shows for an id: @Real Name, #channel or @group."""
        if member := self.people.find(entity_id):
            return f"@{member.real_name}"
        if (channel := self.channels.find(entity_id)) and channel.name:
            return f"#{channel.name}"
        if group := self.usergroups.find(entity_id):
            return f"@{group.handle}"
        return entity_id

    def bot_profile(self) -> Json:
        icons = {
            f"image_{size}": f"https://a.slack-edge.com/80588/img/plugins/app/bot_{size}.png"
            for size in (36, 48, 72)
        }
        return {
            "id": self.app.bot_id,
            "deleted": False,
            "name": self.app.bot_name,
            "updated": self.now(),
            "app_id": self.app.app_id,
            "icons": icons,
            "team_id": self.team_id,
        }

    def new_app_post(self, channel: str, text: str) -> Post:
        """Return a new message by the app, not yet stored."""
        return Post(
            channel=channel,
            ts=self.new_ts(),
            user=self.app.bot_user_id,
            team=self.team_id,
            text=text,
            bot_profile=self.bot_profile(),
        )

    def view_object(self, view: View) -> Json:
        return view_object(
            view, app_id=self.app.app_id, bot_id=self.app.bot_id, app_team_id=self.team_id
        )

    def reset(self) -> None:
        """Delete messages, views, traffic log, faults and URLs; keep people and channels."""
        self.traffic_log.clear()
        self.faults.clear()
        self.messages.clear()
        self.views.clear()
        self.uploads.clear()
        self.triggers.clear()
        self.response_urls.clear()
        self.rate_limiter.clear()
        self.values_by_message.clear()
        self.notify_change()
