"""The API as one application, which describes itself at `/api/docs`."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi_offline import FastAPIOffline

from bot.api import accuracy, events, people, problems, tickets, webhooks
from models.infra.database import deadline

RESPONSE_DEADLINE_SECONDS = 5
MAX_BODY_BYTES = 100_000
# The page at /docs has its script and its style in itself, and is served whole by the desk.
_RESPONSE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}
_DESCRIPTION = """\
Frontdesk for programs. Get a token in Slack with `/ticket token`, and send it as
`Authorization: Bearer …`; it opens what its owner may do at that moment, never more.
Whatever can't be is answered with a problem document (RFC 9457)."""


def build_api() -> FastAPI:
    """The application below `/api`; its `state.bot` has to be set."""
    api = FastAPIOffline(
        title="Frontdesk",
        version="1",
        description=_DESCRIPTION,
        docs_url="/docs",
        redoc_url=None,
        openapi_url="/openapi.json",
        static_url="/static",
        # Else the page would show the description to a validator on the internet.
        swagger_ui_parameters={"validatorUrl": None},
    )
    # What does not say how long it is, is counted: it is read before it is asked who sends it.
    v1 = APIRouter(prefix="/v1", max_body_size=MAX_BODY_BYTES)
    v1.include_router(tickets.router)
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
    """No request is larger, and no answer takes longer, than any should."""
    if int(request.headers.get("content-length") or 0) > MAX_BODY_BYTES:
        return problems.problem_response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "This is too much.")
    with deadline(RESPONSE_DEADLINE_SECONDS):
        answer = await call_next(request)
    answer.headers.update(_RESPONSE_HEADERS)
    return answer
