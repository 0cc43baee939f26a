"""Who calls: the bearer of a token, what it opens for them now, and how often they may call."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from bot.api.problems import ApiProblem
from models.access.api_token import Scope
from models.access.token_store import Caller
from models.errors import InvalidToken
from models.ticket_service import TicketService

_bearer = HTTPBearer(auto_error=False, description="a token from `/ticket token` in Slack")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def get_service(request: Request) -> TicketService:
    """The desk; not before Slack has said whose it is."""
    bot = request.app.state.bot
    if bot.app is None:
        raise ApiProblem(
            HTTPStatus.SERVICE_UNAVAILABLE, bot.waits_for, headers={"Retry-After": "5"}
        )
    service: TicketService = bot.service
    return service


def require_scope(scope: Scope) -> Callable[[Request, Credentials], Awaitable[Caller]]:
    """Somebody whose token opens this now."""

    async def caller(request: Request, credentials: Credentials) -> Caller:
        service = get_service(request)
        found = await service.api_tokens.authenticate(
            credentials.credentials if credentials else ""
        )
        if wait := await service.outbound_calls.api_retry_after_seconds(found.token_id):
            raise ApiProblem(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"This token calls too often. Please wait {wait} s.",
                headers={"Retry-After": str(wait)},
            )
        if scope not in found.scopes:
            raise ApiProblem(
                HTTPStatus.FORBIDDEN,
                f"This token does not open {scope}, or its owner may not do that any more.",
            )
        if found.member.team_id != request.app.state.bot.team_id:
            raise InvalidToken
        return found

    return caller


CurrentService = Annotated[TicketService, Depends(get_service)]
Reader = Annotated[Caller, Depends(require_scope(Scope.READ))]
Writer = Annotated[Caller, Depends(require_scope(Scope.WRITE))]
Admin = Annotated[Caller, Depends(require_scope(Scope.ADMIN))]
