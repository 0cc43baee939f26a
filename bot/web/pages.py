"""Builds the pages behind e-mail links: no scripts, nothing from other hosts, all text escaped.

Anybody may have written the text of a ticket. It reaches a page only through `html_element`, which
escapes everything that is not `Html` already.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from html import escape

from fastapi.responses import HTMLResponse

_STYLE = """
:root { color-scheme: light dark; --ink: #1d1c1d; --soft: #5c5a5c; --paper: #fff; --line: #ddd;
  --strong: #0b5c8a; --on-strong: #fff }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --soft: #b5b5b5; --paper: #1a1d21;
  --line: #45484c; --strong: #8ec9ee; --on-strong: #10222e } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 40rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; overflow-wrap: anywhere }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem }
h2 { font-size: 1rem; margin: 1.5rem 0 .25rem }
.brand, dt, footer { color: var(--soft) }
.brand { margin: 0 0 1rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 1.5rem 0;
  padding: 1rem 0; border: solid var(--line); border-width: 1px 0 }
dd { margin: 0 }
.written { white-space: pre-wrap; margin: 0 }
form { margin: 1.5rem 0 }
button { min-width: 10rem; min-height: 3rem; padding: .5rem 1.5rem; border: 0;
  border-radius: .5rem; background: var(--strong); color: var(--on-strong); cursor: pointer;
  font: inherit; font-weight: 600 }
a { color: var(--strong) }
:focus-visible { outline: 3px solid var(--strong); outline-offset: 2px }
footer { margin-top: 2rem }
@media (max-width: 30rem) { dl { grid-template-columns: 1fr } dd { margin-bottom: .5rem }
  button { width: 100% } }
"""
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
# A page is for one person: no cache, frame, search index or referrer may hold it or its address.
RESPONSE_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_MENTION_PATTERN = re.compile(r"&lt;@(\w+)&gt;")
_CODE_PATTERN = re.compile(r"`([^`]+)`")


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def html_element(name: str, *parts: str, **attributes: str) -> Html:
    """An element with escaped content; `class_` sets the attribute `class`."""
    attribute_text = "".join(
        f' {key.rstrip("_")}="{escape(value)}"' for key, value in attributes.items()
    )
    return Html(f"<{name}{attribute_text}>{_join_html(parts)}</{name}>")


def mrkdwn_to_html(mrkdwn: str, names_by_id: Mapping[str, str]) -> Html:
    """A text of Frontdesk's as HTML, with names instead of mentions.

    Args:
        mrkdwn: the text, in Slack's markup.
        names_by_id: names of people, by Slack id.
    """
    text = _MENTION_PATTERN.sub(
        lambda match: escape(names_by_id.get(match[1]) or match[1]), escape(mrkdwn, quote=False)
    )
    return Html(_CODE_PATTERN.sub(r"<code>\1</code>", text))


def definition_list(values_by_label: Mapping[str, str]) -> Html:
    """A list of labels and values."""
    rows = [
        row
        for label, value in values_by_label.items()
        for row in (html_element("dt", label), html_element("dd", value))
    ]
    return html_element("dl", *rows)


def post_button(label: str, *, url: str) -> Html:
    """A button that posts to a URL relative to the page."""
    return html_element(
        "form", html_element("button", label, type="submit"), method="post", action=url
    )


def slack_link(team_id: str, channel: str | None) -> Html:
    """A link to the direct messages with the app, or to Slack; plain text without a team id."""
    # https://docs.slack.dev/interactivity/deep-linking
    url = f"slack://open?team={team_id}"
    if channel:
        url = f"slack://channel?team={team_id}&id={channel}"
    label = "Open Frontdesk in Slack"
    return html_element("p", html_element("a", label, href=url) if team_id else f"{label}.")


def html_page(heading: str, *parts: str, status: int = 200, footer: str = "") -> HTMLResponse:
    """A complete page with this heading."""
    footers = [html_element("footer", footer)] if footer else []
    main = html_element(
        "main",
        html_element("p", "Frontdesk", class_="brand"),
        html_element("h1", heading),
        *parts,
        *footers,
    )
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"{html_element('title', f'{heading} · Frontdesk')}<style>{_STYLE}</style>"
    )
    content = f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{main}</body></html>\n'
    return HTMLResponse(content, status_code=status, headers=RESPONSE_HEADERS)


def _join_html(parts: Iterable[str]) -> str:
    return "".join(part if isinstance(part, Html) else escape(part) for part in parts)
