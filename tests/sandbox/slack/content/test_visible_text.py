"""Visible text: mrkdwn and blocks as plain text."""

import pytest

from sandbox.slack.content.mrkdwn import to_plain_text
from sandbox.slack.content.visible_text import blocks_text
from sandbox.slack.primitives.json_types import Json

NAMES = {"U1": "@Ana Alba", "C1": "#general", "S1": "@runners"}


def resolve_name(entity_id: str) -> str:
    return NAMES.get(entity_id, entity_id)


@pytest.mark.parametrize(
    ("mrkdwn", "visible"),
    [
        ("*T-42*: _VPN_ is ~down~ `now`", "T-42: VPN is down now"),
        ("2*3*4 and snake_case_name", "2*3*4 and snake_case_name"),
        ("<@U1> in <#C1|general> or <#C1>", "@Ana Alba in #general or #general"),
        ("<!here> <!subteam^S1> <!subteam^S1|@run>", "@here @runners @run"),
        ("<https://a_b.example/x_y|the page>", "the page"),
        ("<https://a_b.example/x_y>", "https://a_b.example/x_y"),
        ("<mailto:ana@acme.example|write>", "write"),
        ("<!date^1392734382^{date_num} at {time}|2014-02-18>", "2014-02-18"),
        ("&lt;!channel&gt; &amp; *&lt;b&gt;*", "<!channel> & <b>"),
        ("&amp;lt;", "&lt;"),
        ("> said\n&gt; quoted", "> said\nquoted"),
        ("```\n*as it is*\n```", "*as it is*"),
    ],
)
def test_mrkdwn_becomes_plain_text(mrkdwn: str, visible: str) -> None:
    assert to_plain_text(mrkdwn, resolve_name) == visible


def text(value: str, kind: str = "plain_text") -> Json:
    return {"type": kind, "text": value}


@pytest.mark.parametrize(
    ("block", "visible"),
    [
        ({"type": "header", "text": text("*Not bold*")}, "*Not bold*"),
        ({"type": "divider"}, ""),
        (
            {"type": "section", "fields": [text("*a*", "mrkdwn"), text("b")]},
            "a\nb",
        ),
        (
            {
                "type": "section",
                "text": text("Take it?", "mrkdwn"),
                "accessory": {"type": "button", "text": text("Take")},
            },
            "Take it?\nTake",
        ),
        (
            {
                "type": "context",
                "elements": [text("by <@U1>", "mrkdwn"), {"type": "image", "alt_text": "face"}],
            },
            "by @Ana Alba face",
        ),
        ({"type": "image", "title": text("Map"), "alt_text": "A map"}, "Map\nA map"),
        (
            {
                "type": "actions",
                "elements": [
                    {"type": "static_select", "placeholder": text("Pick")},
                    {"type": "static_select", "initial_option": {"text": text("High")}},
                    {"type": "users_select", "initial_user": "U1"},
                    {"type": "datepicker", "initial_date": "2026-01-02"},
                    {"type": "overflow", "options": [{"text": text("Edit")}]},
                ],
            },
            "Pick\nHigh\n@Ana Alba\n2026-01-02\nEdit",
        ),
        (
            {
                "type": "input",
                "label": text("What?"),
                "hint": text("Short"),
                "element": {"type": "plain_text_input", "initial_value": "tea"},
            },
            "What?\ntea\nShort",
        ),
        (
            {
                "type": "rich_text",
                "elements": [
                    {
                        "type": "rich_text_section",
                        "elements": [
                            {"type": "text", "text": "Hi "},
                            {"type": "user", "user_id": "U1"},
                            {"type": "emoji", "name": "wave"},
                            {"type": "broadcast", "range": "here"},
                            {"type": "link", "url": "https://x.example"},
                            {"type": "date", "timestamp": 1, "fallback": "today"},
                        ],
                    },
                    {
                        "type": "rich_text_list",
                        "elements": [
                            {
                                "type": "rich_text_section",
                                "elements": [{"type": "channel", "channel_id": "C1"}],
                            }
                        ],
                    },
                ],
            },
            "Hi @Ana Alba:wave:@herehttps://x.exampletoday\n#general",
        ),
        ({"type": "something_new"}, ""),
    ],
)
def test_block_text_has_all_visible_words(block: Json, visible: str) -> None:
    assert blocks_text([block], resolve_name) == visible
