"""The output sanitizer removes links, mentions and formatting from a model's texts."""

import pytest

from models.engine.output_sanitizer import LINK_REMOVED, sanitize


@pytest.mark.parametrize(
    ("text", "sanitized"),
    [
        ("see https://evil.example/a?b=c now", f"see {LINK_REMOVED} now"),
        ("<https://evil.example|Reset>", f"Reset {LINK_REMOVED}"),
        ("[click](https://evil.example)", "click"),
        ("![pixel](https://evil.example/p.png)", "pixel"),
        ("[[x](a)](b)", "x"),
        ("www.evil.example", LINK_REMOVED),
        ("ask evil.com, or evil.ly/x", f"ask {LINK_REMOVED}, or {LINK_REMOVED}"),
        ("http\u200bs://evil.example", LINK_REMOVED),
        ("https://vpn.corp.org@evil.example/", LINK_REMOVED),
        ("javascript:alert(1)", LINK_REMOVED),
        ("10.0.0.1/login", LINK_REMOVED),
        ("<!channel> <@U12345> <#C1|general>", "channel U12345 general"),
        ("<!subteam^S1|@admins>, @here and @channel", "@admins, here and channel"),
        ("a > b, a < c", "a \u203a b, a \u2039 c"),
        ("restart outlook.exe, then check https://help.corp.org/vpn",) * 2,
        ("e.g. Node.js 20.1, and C:/Users; 3/4 of them",) * 2,
    ],
)
def test_links_and_mentions_are_removed(text: str, sanitized: str) -> None:
    assert sanitize(text, limit=200, allowed_hosts=["help.corp.org"]) == sanitized


def test_allowed_host_needs_its_whole_name_and_https() -> None:
    for link in (
        "http://help.corp.org/",
        "https://xhelp.corp.org",
        "https://help.corp.org.evil.me",
    ):
        assert sanitize(link, limit=200, allowed_hosts=["help.corp.org"]) == LINK_REMOVED


def test_long_text_is_cut() -> None:
    assert len(sanitize("n" * 9000, limit=1500)) == 1500
