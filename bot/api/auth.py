"""Authenticates API calls by their token, checks its scopes, and limits the rate of calls."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from bot.api.dependencies import get_ready_bot
from bot.api.problems import ApiProblem
from models.access.api_token import Scope
from models.access.token_store import Caller
from models.errors import InvalidToken

_bearer = HTTPBearer(auto_error=False, description="a token from `/ticket token` in Slack")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def require_scope(scope: Scope) -> Callable[[Request, Credentials], Awaitable[Caller]]:
    """A dependency that gives the caller, if the token grants this scope now."""

    async def authenticate(request: Request, credentials: Credentials) -> Caller:
        bot = get_ready_bot(request)
        caller = await bot.services.api_tokens.authenticate(
            credentials.credentials if credentials else ""
        )
        rate_limit = bot.services.outbound_calls.api_rate_limit
        if wait := await rate_limit.retry_after_seconds(caller.token_id):
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
        if caller.member.team_id != bot.team_id:
            raise InvalidToken
        return caller

    return authenticate


Reader = Annotated[Caller, Depends(require_scope(Scope.READ))]
Writer = Annotated[Caller, Depends(require_scope(Scope.WRITE))]
Admin = Annotated[Caller, Depends(require_scope(Scope.ADMIN))]
