"""Who calls: the bearer of a token, what it opens for them now, and how often they may call."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from bot.api.problems import Told
from models.account import Scope
from models.accounts import Caller
from models.desk import Desk
from models.errors import NoSuchToken

_bearer = HTTPBearer(auto_error=False, description="a token from `/ticket token` in Slack")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def desk_of(request: Request) -> Desk:
    """The desk; not before Slack has said whose it is."""
    bot = request.app.state.bot
    if bot.app is None:
        raise Told(HTTPStatus.SERVICE_UNAVAILABLE, bot.waits_for, headers={"Retry-After": "5"})
    desk: Desk = bot.desk
    return desk


def may(scope: Scope) -> Callable[[Request, Credentials], Awaitable[Caller]]:
    """Somebody whose token opens this now."""

    async def caller(request: Request, credentials: Credentials) -> Caller:
        desk = desk_of(request)
        found = await desk.accounts.caller(credentials.credentials if credentials else "")
        if wait := await desk.gate.calls_too_often(found.token_id):
            raise Told(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"This token calls too often. Please wait {wait} s.",
                headers={"Retry-After": str(wait)},
            )
        if scope not in found.scopes:
            raise Told(
                HTTPStatus.FORBIDDEN,
                f"This token does not open {scope}, or its owner may not do that any more.",
            )
        if found.member.team_id != request.app.state.bot.team_id:
            raise NoSuchToken
        return found

    return caller


TheDesk = Annotated[Desk, Depends(desk_of)]
Reader = Annotated[Caller, Depends(may(Scope.READ))]
Writer = Annotated[Caller, Depends(may(Scope.WRITE))]
Admin = Annotated[Caller, Depends(may(Scope.ADMIN))]
