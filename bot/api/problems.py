"""What a program is told when something can't be: one kind of document for all of it (RFC 9457)."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from models.errors import (
    DeskError,
    InvalidDraft,
    NoSuchTicket,
    NoSuchToken,
    NotAllowed,
    OutOfTurn,
    Unavailable,
)

MEDIA_TYPE = "application/problem+json"
_AGAIN_SECONDS = "5"
log = logging.getLogger(__name__)


class Problem(BaseModel):
    """Why something can't be, and what to do about it."""

    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no such ticket any more."])
    errors: dict[str, str] = Field(default={}, description="for each field at fault, why")


class Told(Exception):
    """An answer that is a problem."""

    def __init__(
        self, status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = dict(headers or {})


_STATUSES: Mapping[type[DeskError], HTTPStatus] = {
    InvalidDraft: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotAllowed: HTTPStatus.FORBIDDEN,
    OutOfTurn: HTTPStatus.CONFLICT,
    NoSuchTicket: HTTPStatus.NOT_FOUND,
    NoSuchToken: HTTPStatus.UNAUTHORIZED,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


def answers(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """These problems, for the API's description of itself; what any call may meet is among them."""
    always = (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    )
    schema = Problem.model_json_schema()
    return {
        status.value: {"description": status.phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in sorted({*always, *statuses})
    }


def install(api: FastAPI) -> None:
    """Answer each error with a problem."""
    api.add_exception_handler(Told, _told)
    api.add_exception_handler(DeskError, _refused)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(Exception, _bug)


def respond(
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The problem as an answer."""
    problem = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, errors=dict(errors or {})
    )
    return JSONResponse(
        problem.model_dump(), status_code=status, headers=headers, media_type=MEDIA_TYPE
    )


async def _told(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Told)  # noqa: S101  (it is installed for nothing else)
    return respond(error.status, str(error), headers=error.headers)


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    kinds = (status for kind, status in _STATUSES.items() if isinstance(error, kind))
    status = next(kinds, HTTPStatus.CONFLICT)
    headers = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer"}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers = {"Retry-After": _AGAIN_SECONDS}
    faults = error.fields if isinstance(error, InvalidDraft) else {}
    return respond(status, str(error), headers=headers, errors=faults)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  (it is installed for that)
    faults = {".".join(map(str, one["loc"])): str(one["msg"]) for one in error.errors()}
    detail = "What you have sent is not what is expected here."
    return respond(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=faults)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  (it is installed for that)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    return respond(error.status_code, str(error.detail), headers=headers)


def _methods(request: Request) -> set[str]:
    """All that can be done with this address; Starlette names those of its first route alone."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    fitting = (route for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    return {method for route in fitting for method in route.methods or ()}


async def _bug(_request: Request, error: Exception) -> JSONResponse:
    # Starlette logs it, with its traceback.
    return respond(HTTPStatus.INTERNAL_SERVER_ERROR, f"A bug on our side: {type(error).__name__}.")
