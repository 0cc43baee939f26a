"""The Bolt app: what surrounds every request, then each feature in the order of a ticket's life."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.acting import taken_in, team_of, user_of
from bot.background import Background
from bot.errors import answer_error
from bot.listeners import (
    claim_ticket,
    correct_ticket,
    decline_ticket,
    follow_people,
    issue_token,
    manage_categories,
    manage_skills,
    manage_team,
    manage_webhooks,
    manage_welcome,
    open_ticket,
    release_ticket,
    reopen_ticket,
    resolve_ticket,
    show_accuracy,
    show_audit,
    show_help,
    show_sent,
    solve_ticket,
    try_out,
    watch_desk,
    watch_ticket,
)
from models.desk import Desk
from models.errors import NotAllowed
from models.slack import Identity

# Bolt asks one after the other whether a request is theirs: the first is the one asked most.
FEATURES = (
    open_ticket,
    show_help,
    manage_team,
    manage_webhooks,
    issue_token,
    watch_ticket,
    claim_ticket,
    decline_ticket,
    release_ticket,
    resolve_ticket,
    reopen_ticket,
    solve_ticket,
    correct_ticket,
    watch_desk,
    show_audit,
    manage_skills,
    manage_categories,
    manage_welcome,
    try_out,
    show_accuracy,
    show_sent,
    follow_people,
)


def build_app(desk: Desk, identity: Identity, background: Background) -> AsyncApp:
    """The app of one workspace, ready to be given requests whose signature has been checked."""

    async def authorize() -> AuthorizeResult:
        # Without this Bolt asks Slack inside the first request, and a hanging Slack loses it.
        return AuthorizeResult(
            enterprise_id=None,
            team_id=identity.team_id,
            bot_token=desk.settings.slack_bot_token.get_secret_value(),
            bot_id=identity.bot_id,
            bot_user_id=identity.bot_user_id,
        )

    async def surround(
        context: dict[str, Any], body: dict[str, Any], next_: Callable[[], Awaitable[None]]
    ) -> None:
        context["desk"] = desk
        context["background"] = background
        if ("user" in body or "user_id" in body) and team_of(body) != identity.team_id:
            if not (await desk.welcomes.of(identity.team_id)).strangers:
                raise NotAllowed(f"This desk serves the people of {identity.team_name} only.")
            # They are known as guests from the first word on, and Slack says so, too.
            taken_in(body, identity.team_id)
            known = {"guest": True, "stranger": True}
            background.start(desk.store.note(identity.team_id, user_of(body), **known))
        await next_()

    app = AsyncApp(
        # Else Bolt looks through all that is loaded for the file it is called from.
        name="frontdesk",
        logger=logging.getLogger("slack_bolt"),
        client=desk.slack.client,
        authorize=authorize,
        # An answer is given when the listener has ended: it is a receipt.
        process_before_response=True,
        raise_error_for_unhandled_request=True,
        # The guard in front has checked the raw body; Bolt would parse and log it first.
        request_verification_enabled=False,
        ssl_check_enabled=False,
    )
    app.use(surround)
    app.error(answer_error)
    for feature in FEATURES:
        feature.register(app)
    return app
