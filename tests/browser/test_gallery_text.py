"""Slack's mrkdwn is formatted as in Slack, and text never becomes HTML."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Locator, expect

from sandbox.world.world import World
from tests.browser.conftest import OpenPage
from tests.browser.gallery_app import GalleryApp, general_channel, section
from tests.browser.page_actions import message_with_text

# 14:39:42 UTC
MOMENT = 1392734382


@pytest.fixture
async def gallery_app(world: World) -> AsyncIterator[GalleryApp]:
    async with GalleryApp(world) as app:
        yield app


async def html_of(element: Locator) -> str:
    """The HTML of a text, without attributes other than href."""
    html: str = await element.evaluate(
        """text => {
            const plain = text.cloneNode(true);
            for (const one of plain.querySelectorAll("*"))
                for (const name of one.getAttributeNames())
                    if (name !== "href") one.removeAttribute(name);
            return plain.innerHTML;
        }"""
    )
    return html


MARKS = {
    "a *bold* and *very bold* one": "a <strong>bold</strong> and <strong>very bold</strong> one",
    "_so_ ~not~ `code`": "<em>so</em> <s>not</s> <code>code</code>",
    "*_both_*": "<strong><em>both</em></strong>",
    "2*3*4 snake_case_name ~ 5": "2*3*4 snake_case_name ~ 5",
    "`*raw* &lt;b&gt;`": "<code>*raw* &lt;b&gt;</code>",
    "```\n*raw*\n &lt;b&gt;\n```": "<pre>*raw*\n &lt;b&gt;</pre>",
    "&gt; one\n&gt; two\nthree": "<blockquote>one\ntwo</blockquote>three",
    "one\ntwo": "one\ntwo",
    "&lt;script&gt;alert(1)&lt;/script&gt;": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&amp;lt;b&amp;gt; &amp; co": "&amp;lt;b&amp;gt; &amp; co",
    "\" onclick='x' &lt;img src=x onerror=x&gt;": "\" onclick='x' &lt;img src=x onerror=x&gt;",
    ":white_check_mark: :wave::skin-tone-3: :no_such_one: 10:30:45": "✅ 👋 :no_such_one: 10:30:45",
    "<https://x.example.com/?a=1&amp;b=2|the *shop*>": (
        '<a href="https://x.example.com/?a=1&amp;b=2">the <strong>shop</strong></a>'
    ),
    "<https://x.example.com> (https://x.example.com/a_b).": (
        '<a href="https://x.example.com">https://x.example.com</a> '
        '(<a href="https://x.example.com/a_b">https://x.example.com/a_b</a>).'
    ),
    "<mailto:a@x.example|a@x.example>": '<a href="mailto:a@x.example">a@x.example</a>',
    "<javascript:alert(1)|click>": "<span>click</span>",
    "<!here> <!channel|channel> <!subteam^S1|@brewers>": (
        "<span>@here</span> <span>@channel</span> <span>@brewers</span>"
    ),
    "<@U0NOBODY|olga> <#C0NOWHERE|attic>": "<span>@olga</span> <span>#attic</span>",
    "<!date^nonsense^{date}|one day>": "one day",
}


async def test_mrkdwn_is_formatted_as_in_slack(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    await gallery_app.post_message(world.personas.ada, *map(section, MARKS))
    texts = ada.get_by_test_id("message").locator(".section .text")
    await expect(texts).to_have_count(len(MARKS))

    assert (
        dict(zip(MARKS, [await html_of(text) for text in await texts.all()], strict=True)) == MARKS
    )


async def test_a_message_without_blocks_is_formatted_too(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    await gallery_app.post_message(
        world.personas.ada, text="*Now* &lt;b&gt; <https://x.example.com|there>"
    )

    text = ada.get_by_test_id("message").locator(".text")
    assert await html_of(text) == (
        '<strong>Now</strong> &lt;b&gt; <a href="https://x.example.com">there</a>'
    )


async def test_mentions_have_names_and_dates_the_readers_time_zone(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada, eve = await open_page(world.personas.ada), await open_page(world.personas.eve)
    moment = f"<!date^{MOMENT}^{{date_num}} {{time}}^https://x.example.com/|in 2014>"
    text = f"For <@{world.personas.eve.id}> in <#{general_channel(world).id}>: {moment}"
    for window, person, hour in (
        (ada, world.personas.ada, "3:39 PM"),
        (eve, world.personas.eve, "9:39 AM"),
    ):
        await gallery_app.post_message(person, section(text))
        message = message_with_text(window, "For ")
        await expect(message.locator(".text")).to_have_text(
            f"For @Eve Holt in #general: 2014-02-18 {hour}"
        )
        link = message.get_by_role("link", name=hour)
        await expect(link).to_have_attribute("href", "https://x.example.com/")
        await expect(link.get_by_title("in 2014")).to_be_visible()
    await expect(ada.locator(".mention.me")).to_have_count(0)
    await expect(eve.locator(".mention.me")).to_have_text("@Eve Holt")
