"""Assembles the API; its documentation is at `/api/docs`."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi_offline import FastAPIOffline

from bot.api import accuracy, events, people, problems, ticket_routes, tickets, webhooks
from models.infra.database import deadline

RESPONSE_DEADLINE_SECONDS = 5
MAX_BODY_BYTES = 100_000
# The page at /docs has inline scripts and styles, and loads nothing from other hosts.
_RESPONSE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}
_DESCRIPTION = """\
The API of Frontdesk. Get a token in Slack with `/ticket token`, and send it as
`Authorization: Bearer …`. A token never grants more than its owner's current role.
Every error is answered with a problem document (RFC 9457)."""


def build_api() -> FastAPI:
    """The API to mount at `/api`; the caller must set its `state.bot`."""
    api = FastAPIOffline(
        title="Frontdesk",
        version="1",
        description=_DESCRIPTION,
        docs_url="/docs",
        redoc_url=None,
        openapi_url="/openapi.json",
        static_url="/static",
        # By default the page would send the OpenAPI document to a validator on the internet.
        swagger_ui_parameters={"validatorUrl": None},
    )
    # Limits bodies without a Content-Length, which are read before the caller is authenticated.
    v1 = APIRouter(prefix="/v1", max_body_size=MAX_BODY_BYTES)
    v1.include_router(tickets.router)
    v1.include_router(ticket_routes.make_router())
    v1.include_router(events.router)
    v1.include_router(people.router)
    v1.include_router(webhooks.router)
    v1.include_router(accuracy.router)
    api.include_router(v1)
    api.middleware("http")(_enforce_limits)
    problems.install_error_handlers(api)
    return api


async def _enforce_limits(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Refuse large requests, and give every answer a deadline."""
    if int(request.headers.get("content-length") or 0) > MAX_BODY_BYTES:
        return problems.problem_response(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"Nothing was done: the request is larger than {MAX_BODY_BYTES} bytes.",
        )
    with deadline(RESPONSE_DEADLINE_SECONDS):
        response = await call_next(request)
    response.headers.update(_RESPONSE_HEADERS)
    return response
