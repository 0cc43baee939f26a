"""The plain pages behind links in letters: no script, nothing from elsewhere, all text escaped.

The text of a ticket is written by anybody: it reaches a page through `tag` alone, which escapes
whatever is not `Html` already.
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
# What is asked for by a link is nobody else's to keep, to frame, to index, or to learn of.
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


def html_element(name: str, *inside: str, **attributes: str) -> Html:
    """One element; `class_` is the attribute of that name."""
    said = "".join(f' {key.rstrip("_")}="{escape(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{said}>{_join_html(inside)}</{name}>")


def mrkdwn_to_html(mrkdwn: str, names_by_id: Mapping[str, str]) -> Html:
    """One of the desk's sentences, written for Slack; people by the names given, by Slack id."""
    named = _MENTION_PATTERN.sub(
        lambda found: escape(names_by_id.get(found[1]) or found[1]), escape(mrkdwn, quote=False)
    )
    return Html(_CODE_PATTERN.sub(r"<code>\1</code>", named))


def definition_list(values_by_label: Mapping[str, str]) -> Html:
    """Names and what is known by them."""
    rows = [
        row
        for name, said in values_by_label.items()
        for row in (html_element("dt", name), html_element("dd", said))
    ]
    return html_element("dl", *rows)


def post_button(label: str, *, url: str) -> Html:
    """A button that posts, to an address relative to the page's own."""
    return html_element(
        "form", html_element("button", label, type="submit"), method="post", action=url
    )


def slack_link(team_id: str, channel: str | None) -> Html:
    """Where to go on: the conversation with the app, or Slack (the address that its apps know)."""
    # https://docs.slack.dev/interactivity/deep-linking
    place = f"slack://open?team={team_id}"
    if channel:
        place = f"slack://channel?team={team_id}&id={channel}"
    words = "Open Frontdesk in Slack"
    return html_element("p", html_element("a", words, href=place) if team_id else f"{words}.")


def html_page(heading: str, *parts: str, status: int = 200, footer: str = "") -> HTMLResponse:
    """A whole page, under this heading."""
    end = [html_element("footer", footer)] if footer else []
    main = html_element(
        "main",
        html_element("p", "Frontdesk", class_="brand"),
        html_element("h1", heading),
        *parts,
        *end,
    )
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"{html_element('title', f'{heading} · Frontdesk')}<style>{_STYLE}</style>"
    )
    content = f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{main}</body></html>\n'
    return HTMLResponse(content, status_code=status, headers=RESPONSE_HEADERS)


def _join_html(parts: Iterable[str]) -> str:
    return "".join(one if isinstance(one, Html) else escape(one) for one in parts)
