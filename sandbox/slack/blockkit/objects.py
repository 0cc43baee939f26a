"""Composition objects: texts, options, confirmations, filters, files, addresses."""

import ipaddress
import re
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

from sandbox.slack.blockkit.problems import Problem
from sandbox.slack.blockkit.rules import (
    Rule,
    boolean,
    exactly_one_of,
    items,
    kinds,
    one_after_the_other,
    one_word_of,
    shape,
    something,
    string,
    whole,
)

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:\S+", re.IGNORECASE)


def _plain(most: int) -> Rule:
    return shape({"text": string(least=1, most=most)}, {"emoji": boolean})


def _marked(most: int) -> Rule:
    return shape({"text": string(least=1, most=most)}, {"verbatim": boolean})


def plain_text(most: int) -> Rule:
    return whole(kinds({"plain_text": _plain(most)}))


def text(most: int = 3000) -> Rule:
    return whole(kinds(_texts(most)))


def _texts(most: int) -> dict[str, Rule]:
    return {"plain_text": _plain(most), "mrkdwn": _marked(most)}


def _address(value: object, pointer: str) -> Iterator[Problem]:
    # The words are recorded in MacPaw/together-app#4.
    with suppress(ValueError):
        if _ADDRESS.fullmatch(str(value)) and urlsplit(str(value)):
            return
    yield Problem("invalid url", pointer)


def _within_slacks_reach(value: object, pointer: str) -> Iterator[Problem]:
    """Slack downloads each image when it is posted, so a local address never works."""
    parts = urlsplit(str(value))
    if parts.scheme not in ("http", "https") or _is_local(parts.hostname or ""):
        yield Problem("downloading image failed", pointer)


def _is_local(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".localhost", ".internal"))


TEXT_KINDS = _texts(3000)
LINK = one_after_the_other(string(least=1, most=3000), _address)
IMAGE_URL = one_after_the_other(LINK, _within_slacks_reach)
HTTPS = string(most=3000, pattern=r"^https://")
SLACK_FILE = shape({}, {"id": string(least=1), "url": HTTPS}, exactly_one_of("id", "url"))
PICTURE = {"image_url": IMAGE_URL, "slack_file": SLACK_FILE}
ALT_TEXT = {"alt_text": string(least=1, most=2000)}
ONE_PICTURE = exactly_one_of("image_url", "slack_file")

STYLE = one_word_of("primary", "danger")
CONFIRM = shape(
    {
        "title": plain_text(100),
        "text": text(300),
        "confirm": plain_text(30),
        "deny": plain_text(30),
    },
    {"style": STYLE},
)

_VALUE = {"value": string(least=1, most=150)}
OPTION = shape({"text": plain_text(75), **_VALUE}, {"description": plain_text(75)})
OPTION_WITH_LINK = shape(
    {"text": plain_text(75), **_VALUE}, {"description": plain_text(75), "url": LINK}
)
# Only checkboxes and radio buttons may be marked up.
OPTION_WITH_MARKUP = shape({"text": text(75), **_VALUE}, {"description": text(75)})
OPTION_GROUP = shape({"label": plain_text(75), "options": items(OPTION, least=1, most=100)})

FILTER = shape(
    {},
    {
        "include": items(one_word_of("im", "mpim", "private", "public"), least=1, unique=True),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
    something,
)
DISPATCH = shape(
    {
        "trigger_actions_on": items(
            one_word_of("on_enter_pressed", "on_character_entered"), least=1, unique=True
        )
    }
)
