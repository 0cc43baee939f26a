"""Reads the arguments of a Web API request (query, form or JSON) and its token."""

import base64
import binascii
import json
from collections.abc import Mapping

from aiohttp import web

from sandbox.slack.primitives.errors import SlackError
from sandbox.slack.primitives.json_types import Json

_JSON = "application/json"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def read_arguments(request: web.Request) -> tuple[Json, str]:
    """Return the arguments and the token; a token in the query string is ignored."""
    args: Json = dict(request.query)
    args.pop("token", None)
    body = await _read_body(request)
    form_token = body.pop("token", None) if request.content_type in _FORMS else None
    args |= {key: value for key, value in body.items() if value is not None}
    header = request.headers.get("Authorization", "")
    if header.startswith("Basic "):
        args |= _client_credentials(header.removeprefix("Basic "))
    return args, _find_token(header, form_token)


def _find_token(header: str, form_token: object) -> str:
    if header.startswith("Bearer "):
        return header.removeprefix("Bearer ").strip()
    return form_token if isinstance(form_token, str) else ""


def _client_credentials(encoded: str) -> Json:
    """oauth.v2.access also accepts them as HTTP Basic; slack_sdk sends them this way."""
    try:
        login, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return {}
    return {"client_id": login, "client_secret": password}


async def _read_body(request: web.Request) -> Json:
    if request.method != "POST" or not request.can_read_body:
        return {}
    if request.content_type in _FORMS:
        return _text_fields(await request.post())
    if request.content_type == _JSON:
        return _parse_json_object(await request.text())
    raise SlackError("invalid_post_type")


def _text_fields(form: Mapping[str, object]) -> Json:
    return {key: value for key, value in form.items() if isinstance(value, str)}


def _parse_json_object(text: str) -> Json:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(value, dict):
        raise SlackError("json_not_object")
    return value
