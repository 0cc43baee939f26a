"""Error responses of the API: one problem document (RFC 9457) for every error."""

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
    """An error: what happened, and what to do."""

    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=[str(NoSuchTicket())])
    errors: dict[str, str] = Field(default={}, description="the reason for each invalid field")


class ApiProblem(Exception):
    """An error that is answered with a problem document.

    Attributes:
        status: the HTTP status.
        headers: additional headers of the response.
    """

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
    """The OpenAPI responses for these statuses and for those that every call may have."""
    common = (
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
        for status in sorted({*common, *statuses})
    }


def install_error_handlers(api: FastAPI) -> None:
    """Answer every error with a problem document."""
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
    """A response with a problem document."""
    problem = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, errors=dict(errors or {})
    )
    return JSONResponse(
        problem.model_dump(), status_code=status, headers=headers, media_type=MEDIA_TYPE
    )


async def _handle_api_problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiProblem)  # noqa: S101  (this handler is registered for ApiProblem only)
    return problem_response(error.status, str(error), headers=error.headers)


async def _handle_domain_error(_request: Request, error: Exception) -> JSONResponse:
    statuses = (status for kind, status in _STATUS_BY_ERROR.items() if isinstance(error, kind))
    status = next(statuses, HTTPStatus.CONFLICT)
    headers = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer"}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers = {"Retry-After": _RETRY_AFTER_SECONDS}
    errors = error.fields if isinstance(error, InvalidInput) else {}
    return problem_response(status, str(error), headers=headers, errors=errors)


async def _handle_validation_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  (registered for it only)
    errors = {".".join(map(str, one["loc"])): str(one["msg"]) for one in error.errors()}
    detail = "The request is not valid. See `errors` for each field."
    return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)


async def _handle_http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  (registered for it only)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_allowed_methods(request)))
    return problem_response(error.status_code, str(error.detail), headers=headers)


def _allowed_methods(request: Request) -> set[str]:
    """The methods of all routes of this path; Starlette names only those of the first one."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    matching = (route for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    return {method for route in matching for method in route.methods or ()}


async def _handle_bug(_request: Request, error: Exception) -> JSONResponse:
    # Starlette logs the error with its traceback.
    return problem_response(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        f"Frontdesk has a bug: {type(error).__name__}. Check whether the change was made, "
        "and tell an admin.",
    )
