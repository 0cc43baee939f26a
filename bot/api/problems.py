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
    Conflict,
    DatabaseUnavailable,
    InvalidInput,
    InvalidToken,
    NoSuchTicket,
    NotAllowed,
    UserFacingError,
)

MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER_SECONDS = "5"
log = logging.getLogger(__name__)


class Problem(BaseModel):
    """Why something can't be, and what to do about it."""

    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no such ticket any more."])
    errors: dict[str, str] = Field(default={}, description="for each field at fault, why")


class ApiProblem(Exception):
    """An answer that is a problem."""

    def __init__(
        self, status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = dict(headers or {})


_STATUS_BY_ERROR: Mapping[type[UserFacingError], HTTPStatus] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotAllowed: HTTPStatus.FORBIDDEN,
    Conflict: HTTPStatus.CONFLICT,
    NoSuchTicket: HTTPStatus.NOT_FOUND,
    InvalidToken: HTTPStatus.UNAUTHORIZED,
    DatabaseUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


def documented_errors(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
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


def install_error_handlers(api: FastAPI) -> None:
    """Answer each error with a problem."""
    api.add_exception_handler(ApiProblem, _handle_api_problem)
    api.add_exception_handler(UserFacingError, _handle_domain_error)
    api.add_exception_handler(RequestValidationError, _handle_validation_error)
    api.add_exception_handler(HTTPException, _handle_http_error)
    api.add_exception_handler(Exception, _handle_bug)


def problem_response(
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


async def _handle_api_problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiProblem)  # noqa: S101  (it is installed for nothing else)
    return problem_response(error.status, str(error), headers=error.headers)


async def _handle_domain_error(_request: Request, error: Exception) -> JSONResponse:
    kinds = (status for kind, status in _STATUS_BY_ERROR.items() if isinstance(error, kind))
    status = next(kinds, HTTPStatus.CONFLICT)
    headers = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer"}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers = {"Retry-After": _RETRY_AFTER_SECONDS}
    faults = error.fields if isinstance(error, InvalidInput) else {}
    return problem_response(status, str(error), headers=headers, errors=faults)


async def _handle_validation_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  (it is installed for that)
    faults = {".".join(map(str, one["loc"])): str(one["msg"]) for one in error.errors()}
    detail = "What you have sent is not what is expected here."
    return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=faults)


async def _handle_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  (it is installed for that)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_allowed_methods(request)))
    return problem_response(error.status_code, str(error.detail), headers=headers)


def _allowed_methods(request: Request) -> set[str]:
    """All that can be done with this address; Starlette names those of its first route alone."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    fitting = (route for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    return {method for route in fitting for method in route.methods or ()}


async def _handle_bug(_request: Request, error: Exception) -> JSONResponse:
    # Starlette logs it, with its traceback.
    return problem_response(
        HTTPStatus.INTERNAL_SERVER_ERROR, f"A bug on our side: {type(error).__name__}."
    )
