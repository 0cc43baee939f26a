"""The Bolt app: what surrounds every request, then each feature in the order of a ticket's life."""

import logging
from collections.abc import Awaitable, Callable

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.response import BoltResponse

from bot.admin.integrations import api_tokens, webhooks
from bot.admin.people import guest_policy, members
from bot.admin.reports import ai_request_log, audit_log, health, triage_accuracy
from bot.admin.taxonomy import categories, dry_run, skills
from bot.background import BackgroundTasks
from bot.errors import answer_error
from bot.events import directory_changes
from bot.identity import Body, acting_team_id, acting_user_id, treat_as_guest
from bot.tickets import (
    claim_ticket,
    correct_ticket,
    decline_ticket,
    details,
    open_ticket,
    release_ticket,
    reopen_ticket,
    resolve_ticket,
    resolve_with_note,
    show_help,
    watch_ticket,
)
from models.errors import NotAllowed
from models.messages.slack_client import BotIdentity
from models.ticket_service import TicketService

# Bolt asks one after the other whether a request is theirs: the first is the one asked most.
FEATURES = (
    open_ticket,
    show_help,
    members,
    webhooks,
    api_tokens,
    watch_ticket,
    claim_ticket,
    decline_ticket,
    release_ticket,
    resolve_ticket,
    reopen_ticket,
    resolve_with_note,
    correct_ticket,
    details,
    health,
    audit_log,
    skills,
    categories,
    guest_policy,
    dry_run,
    triage_accuracy,
    ai_request_log,
    directory_changes,
)


class _ContextMiddleware(AsyncMiddleware):
    """What every request is given, and whom the desk does not serve at all.

    A class, not a function: for that Bolt gathers anew, at each request, all that it might ask for.
    """

    def __init__(
        self, service: TicketService, identity: BotIdentity, background: BackgroundTasks
    ) -> None:
        self._service = service
        self._identity = identity
        self._background = background

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],
    ) -> BoltResponse:
        """Go on with the request; raises NotAllowed where it may not."""
        req.context["service"] = self._service
        req.context["background"] = self._background
        body = req.body
        if ("user" in body or "user_id" in body) and acting_team_id(body) != self._identity.team_id:
            await self._admit_external_user(body)
        return await next()

    async def _admit_external_user(self, body: Body) -> None:
        """Somebody of another workspace is known as a guest from the first word on."""
        home = self._identity
        if not (await self._service.guest_policies.load(home.team_id)).strangers:
            raise NotAllowed(f"This desk serves the people of {home.team_name} only.")
        treat_as_guest(body, home.team_id)
        # Slack says so, too.
        noted = self._service.members.update_member(
            home.team_id, acting_user_id(body), guest=True, stranger=True
        )
        self._background.start(noted)


def build_app(
    service: TicketService, identity: BotIdentity, background: BackgroundTasks
) -> AsyncApp:
    """The app of one workspace, ready to be given requests whose signature has been checked."""

    known = AuthorizeResult(
        enterprise_id=None,
        team_id=identity.team_id,
        bot_token=service.settings.slack_bot_token.get_secret_value(),
        bot_id=identity.bot_id,
        bot_user_id=identity.bot_user_id,
    )

    async def authorize() -> AuthorizeResult:
        # Without this Bolt asks Slack inside the first request, and a hanging Slack loses it.
        return known

    app = AsyncApp(
        # Else Bolt looks through all that is loaded for the file it is called from.
        name="frontdesk",
        logger=logging.getLogger("slack_bolt"),
        client=service.slack.client,
        authorize=authorize,
        # An answer is given when the listener has ended: it is a receipt.
        process_before_response=True,
        raise_error_for_unhandled_request=True,
        # The guard in front has checked the raw body; Bolt would parse and log it first.
        request_verification_enabled=False,
        ssl_check_enabled=False,
        # There are no steps of workflows here that would have a token of their own.
        attaching_function_token_enabled=False,
    )
    app.use(_ContextMiddleware(service, identity, background))
    app.error(answer_error)
    for feature in FEATURES:
        feature.register(app)
    return app
