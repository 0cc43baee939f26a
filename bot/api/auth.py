"""Authenticates API calls by their token, checks its scopes, and limits the rate of calls."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Protocol

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from bot.api.problems import ApiProblem
from models.access.api_token import Scope
from models.access.token_store import Caller
from models.errors import InvalidToken
from models.ticket_service import TicketService


class BotState(Protocol):
    """The part of the bot that the API uses; `bot.web` may import the API, not the reverse."""

    service: TicketService
    app: object | None
    team_id: str
    startup_status: str


_bearer = HTTPBearer(auto_error=False, description="a token from `/ticket token` in Slack")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def get_service(request: Request) -> TicketService:
    """The ticket service; raises ApiProblem until the bot is ready."""
    bot = _get_bot(request)
    if bot.app is None:
        raise ApiProblem(
            HTTPStatus.SERVICE_UNAVAILABLE, bot.startup_status, headers={"Retry-After": "5"}
        )
    return bot.service


def require_scope(scope: Scope) -> Callable[[Request, Credentials], Awaitable[Caller]]:
    """A dependency that gives the caller, if the token grants this scope now."""

    async def authenticate(request: Request, credentials: Credentials) -> Caller:
        service = get_service(request)
        caller = await service.api_tokens.authenticate(
            credentials.credentials if credentials else ""
        )
        if wait := await service.outbound_calls.api_rate_limit.retry_after_seconds(caller.token_id):
            raise ApiProblem(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"This token has made too many calls. Try again in {wait} s.",
                headers={"Retry-After": str(wait)},
            )
        if scope not in caller.scopes:
            raise ApiProblem(
                HTTPStatus.FORBIDDEN,
                f"This token has no scope {scope}, or its owner's role no longer allows it. "
                "Get another token in Slack with `/ticket token`.",
            )
        if caller.member.team_id != _get_bot(request).team_id:
            raise InvalidToken
        return caller

    return authenticate


def _get_bot(request: Request) -> BotState:
    bot: BotState = request.app.state.bot
    return bot


CurrentService = Annotated[TicketService, Depends(get_service)]
Reader = Annotated[Caller, Depends(require_scope(Scope.READ))]
Writer = Annotated[Caller, Depends(require_scope(Scope.WRITE))]
Admin = Annotated[Caller, Depends(require_scope(Scope.ADMIN))]
