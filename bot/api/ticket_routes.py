"""The API's routes for the actions on tickets, made from the actions table."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, create_model

from bot.api import tickets as handlers
from bot.api.auth import Writer
from bot.api.dependencies import AuditLogDep, TicketServiceDep, TicketStoreDep
from bot.api.problems import documented_errors
from bot.api.schemas import ETag, RequestModel, TicketOut
from models.tickets.actions import ACTIONS, Verb

Handler = Callable[..., Any]
# The actions with code of their own, by verb and method. All others are moves.
_HANDLERS: Mapping[tuple[Verb, str], Handler] = {
    (Verb.OPEN, "POST"): handlers.open_ticket,
    (Verb.VIEW, "GET"): handlers.get_ticket,
    (Verb.CORRECT, "POST"): handlers.correct_ticket,
    (Verb.WATCH, "POST"): handlers.watch_ticket,
    (Verb.UNWATCH, "POST"): handlers.unwatch_ticket,
    (Verb.SHARE, "PUT"): handlers.share_ticket,
    (Verb.SHARE, "DELETE"): handlers.stop_sharing,
}
_ERRORS_BY_VERB = {
    Verb.OPEN: (HTTPStatus.CONFLICT,),
    Verb.VIEW: (HTTPStatus.NOT_FOUND,),
}
_CHANGE_ERRORS = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED)


def make_router() -> APIRouter:
    """The routes of all actions that the table offers in the API."""
    router = APIRouter(tags=["tickets"])
    for verb, action in ACTIONS.items():
        for route in action.routes:
            router.add_api_route(
                route.path,
                _HANDLERS.get((verb, route.method)) or _make_move_handler(verb),
                methods=[route.method],
                status_code=HTTPStatus.CREATED if verb is Verb.OPEN else HTTPStatus.OK,
                summary=action.description,
                responses=documented_errors(*_ERRORS_BY_VERB.get(verb, _CHANGE_ERRORS)),
            )
    return router


def _make_move_handler(verb: Verb) -> Handler:
    body = _body_model(verb)
    no_texts = body()

    async def make_move(
        *,
        tickets: TicketStoreDep,
        audit_log: AuditLogDep,
        ticket_service: TicketServiceDep,
        caller: Writer,
        ticket_id: handlers.TicketId,
        response: Response,
        texts: BaseModel = no_texts,
        if_match: ETag = "",
    ) -> TicketOut:
        before = await tickets.get_for(caller.member, ticket_id, Verb.VIEW)
        seen_version = handlers.check_if_match(before, if_match)
        changes = texts.model_dump(exclude_defaults=True)
        ticket = await ticket_service.move(
            ticket_id, verb, actor=caller.member, seen_version=seen_version, **changes
        )
        await handlers.record_action(caller, verb, before, ticket, audit_log=audit_log)
        return handlers.to_response(ticket, response)

    # FastAPI makes the documentation and the check of the body from this type.
    make_move.__annotations__["texts"] = body
    make_move.__name__ = f"{verb}_ticket"
    return make_move


def _body_model(verb: Verb) -> type[RequestModel]:
    """The model of a body with the texts that a person may add to the action."""
    fields: dict[str, Any] = {
        text.name: (
            str,
            Field(default="", max_length=text.max_length, description=text.description),
        )
        for text in ACTIONS[verb].inputs
    }
    return create_model(f"{verb.name.title().replace('_', '')}In", __base__=RequestModel, **fields)
