"""The Bolt app of one workspace, with the listeners of all features."""

import logging
import pkgutil
from collections.abc import Awaitable, Callable
from functools import update_wrapper
from importlib import import_module
from types import ModuleType
from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.response import BoltResponse

from bot import admin, events, tickets
from bot.errors import answer_error
from bot.identity import acting_team_id, acting_user_id, treat_as_guest
from bot.payload import Payload
from bot.services import BotServices
from models.errors import NotAllowed
from models.messages.slack_client import BotIdentity
from models.people.store import MemberStore
from models.services import bind
from models.workspace.settings_store import SettingsStore


def _load_features() -> tuple[ModuleType, ...]:
    """The modules below bot/tickets, bot/admin and bot/events that have `register(app)`."""
    modules = (
        import_module(module_info.name)
        for package in (tickets, admin, events)
        for module_info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    )
    return tuple(module for module in modules if hasattr(module, "register"))


# Bolt runs the first listener whose matchers fit. The order of features does not matter, since no
# two listeners fit one request: each has its own id, or a matcher of bot/subcommand.py, and those
# exclude each other. Features load at import, while bot/__main__.py keeps the collector off.
_FEATURES = _load_features()


class _ListenerApp(AsyncApp):
    """A Bolt app that gives each listener the services it names, when it is registered.

    Bolt itself passes no keyword-only arguments, so it only fills in what comes from the request.
    """

    def __init__(self, services: BotServices, **options: Any) -> None:
        super().__init__(**options)
        self._services = services

    def command(self, *args: Any, **options: Any) -> Callable[..., Any]:
        return self._with_services(super().command(*args, **options))

    def action(self, *args: Any, **options: Any) -> Callable[..., Any]:
        return self._with_services(super().action(*args, **options))

    def view(self, *args: Any, **options: Any) -> Callable[..., Any]:
        return self._with_services(super().view(*args, **options))

    def options(self, *args: Any, **options: Any) -> Callable[..., Any]:
        return self._with_services(super().options(*args, **options))

    def event(self, *args: Any, **options: Any) -> Callable[..., Any]:
        return self._with_services(super().event(*args, **options))

    def _with_services(self, register: Callable[..., Any]) -> Callable[..., Any]:
        return lambda listener: register(self.bind(listener))

    def bind(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with its services; Bolt finds its other arguments by `__wrapped__`."""
        return update_wrapper(bind(function, self._services), function)


class _AdmissionMiddleware(AsyncMiddleware):
    """Checks people of other workspaces.

    It is a class because Bolt inspects the arguments of a function again at each request.
    """

    def __init__(
        self, identity: BotIdentity, workspace_settings: SettingsStore, members: MemberStore
    ) -> None:
        self._identity = identity
        self._workspace_settings = workspace_settings
        self._members = members

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],
    ) -> BoltResponse:
        """Continue with the request, or raise NotAllowed."""
        body = req.body
        if ("user" in body or "user_id" in body) and acting_team_id(body) != self._identity.team_id:
            await self._admit_external_user(body)
        return await next()

    async def _admit_external_user(self, body: Payload) -> None:
        """Store a person of another workspace as a guest from their first request on."""
        home = self._identity
        if not (await self._workspace_settings.load(home.team_id)).strangers:
            raise NotAllowed(
                f"Frontdesk is only open to people of {home.team_name}. "
                "An admin can change the guest policy."
            )
        treat_as_guest(body, home.team_id)
        await self._members.update_member(
            home.team_id, acting_user_id(body), guest=True, stranger=True
        )


def build_app(services: BotServices, identity: BotIdentity) -> AsyncApp:
    """The app of one workspace; it expects requests whose signature has been verified."""

    authorization = AuthorizeResult(
        enterprise_id=None,
        team_id=identity.team_id,
        bot_token=services.settings.slack_bot_token.get_secret_value(),
        bot_id=identity.bot_id,
        bot_user_id=identity.bot_user_id,
    )

    async def authorize() -> AuthorizeResult:
        # Without this Bolt calls auth.test in the first request, which is lost if Slack hangs.
        return authorization

    app = _ListenerApp(
        services,
        # Without a name Bolt searches all loaded modules for the calling file.
        name="frontdesk",
        logger=logging.getLogger("slack_bolt"),
        client=services.slack.client,
        authorize=authorize,
        # The answer is sent after the listener has ended: it confirms that the work is stored.
        process_before_response=True,
        raise_error_for_unhandled_request=True,
        # bot/web/request_guard.py has verified the raw body; Bolt would parse and log it first.
        request_verification_enabled=False,
        ssl_check_enabled=False,
        # Bolt takes the deletion of the app's own message for an event of the app itself.
        ignoring_self_events_enabled=False,
        # Frontdesk has no Slack workflow steps, which would bring a token of their own.
        attaching_function_token_enabled=False,
    )
    app.use(_AdmissionMiddleware(identity, services.workspace_settings, services.members))
    app.error(app.bind(answer_error))
    for feature in _FEATURES:
        feature.register(app)
    return app
