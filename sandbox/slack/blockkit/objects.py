"""Rules for composition objects: texts, options, confirmations, filters, files and URLs."""

import ipaddress
import re
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

from sandbox.slack.blockkit.problems import Problem
from sandbox.slack.blockkit.schema_rules import (
    Rule,
    all_in_order,
    array_of,
    boolean,
    enum_of,
    exactly_one_of,
    not_empty,
    object_by_type,
    object_with,
    report_object_first,
    string,
)

_URL_PATTERN = re.compile(r"[a-z][a-z0-9+.-]*:\S+", re.IGNORECASE)


def _plain_text_fields(max_characters: int) -> Rule:
    return object_with(
        {"text": string(min_length=1, max_length=max_characters)}, {"emoji": boolean}
    )


def _mrkdwn_fields(max_characters: int) -> Rule:
    return object_with(
        {"text": string(min_length=1, max_length=max_characters)}, {"verbatim": boolean}
    )


def plain_text(max_characters: int) -> Rule:
    return report_object_first(object_by_type({"plain_text": _plain_text_fields(max_characters)}))


def text(max_characters: int = 3000) -> Rule:
    return report_object_first(object_by_type(_text_kinds(max_characters)))


def _text_kinds(max_characters: int) -> dict[str, Rule]:
    return {
        "plain_text": _plain_text_fields(max_characters),
        "mrkdwn": _mrkdwn_fields(max_characters),
    }


def _check_url(value: object, pointer: str) -> Iterator[Problem]:
    # Slack's text is recorded in MacPaw/together-app#4.
    with suppress(ValueError):
        if _URL_PATTERN.fullmatch(str(value)) and urlsplit(str(value)):
            return
    yield Problem("invalid url", pointer)


def _check_public_address(value: object, pointer: str) -> Iterator[Problem]:
    # Slack downloads each image when an app posts it, so a local address never works.
    parts = urlsplit(str(value))
    if parts.scheme not in ("http", "https") or _is_local(parts.hostname or ""):
        yield Problem("downloading image failed", pointer)


def _is_local(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".localhost", ".internal"))


TEXT_KINDS = _text_kinds(3000)
LINK = all_in_order(string(min_length=1, max_length=3000), _check_url)
IMAGE_URL = all_in_order(LINK, _check_public_address)
HTTPS_URL = string(max_length=3000, pattern=r"^https://")
SLACK_FILE = object_with(
    {}, {"id": string(min_length=1), "url": HTTPS_URL}, exactly_one_of("id", "url")
)
PICTURE_FIELDS = {"image_url": IMAGE_URL, "slack_file": SLACK_FILE}
ALT_TEXT_FIELDS = {"alt_text": string(min_length=1, max_length=2000)}
EXACTLY_ONE_PICTURE = exactly_one_of("image_url", "slack_file")

STYLE = enum_of("primary", "danger")
CONFIRM = object_with(
    {
        "title": plain_text(100),
        "text": text(300),
        "confirm": plain_text(30),
        "deny": plain_text(30),
    },
    {"style": STYLE},
)

_VALUE_FIELDS = {"value": string(min_length=1, max_length=150)}
OPTION = object_with({"text": plain_text(75), **_VALUE_FIELDS}, {"description": plain_text(75)})
OPTION_WITH_LINK = object_with(
    {"text": plain_text(75), **_VALUE_FIELDS}, {"description": plain_text(75), "url": LINK}
)
# Slack allows mrkdwn only in the options of checkboxes and radio buttons.
OPTION_WITH_MARKUP = object_with({"text": text(75), **_VALUE_FIELDS}, {"description": text(75)})
OPTION_GROUP = object_with(
    {"label": plain_text(75), "options": array_of(OPTION, min_items=1, max_items=100)}
)

FILTER = object_with(
    {},
    {
        "include": array_of(enum_of("im", "mpim", "private", "public"), min_items=1, unique=True),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
    not_empty,
)
DISPATCH_CONFIG = object_with(
    {
        "trigger_actions_on": array_of(
            enum_of("on_enter_pressed", "on_character_entered"), min_items=1, unique=True
        )
    }
)
