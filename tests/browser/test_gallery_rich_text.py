"""Rich text and Markdown are formatted correctly."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from sandbox.world.world import World
from tests.browser.conftest import OpenPage
from tests.browser.gallery_app import (
    GalleryApp,
    bullet_list,
    general_channel,
    rich_text,
    rich_text_part,
    rich_text_run,
)
from tests.browser.page_actions import message_with_text

# 14:39:42 UTC
MOMENT = 1392734382


@pytest.fixture
async def gallery_app(world: World) -> AsyncIterator[GalleryApp]:
    async with GalleryApp(world) as app:
        yield app


async def test_rich_text_has_its_lists_quotes_code_and_styles(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    await gallery_app.post_message(
        world.personas.ada,
        rich_text(
            rich_text_part(
                "section",
                rich_text_run("Strong", bold=True, italic=True),
                rich_text_run("gone", strike=True),
            ),
            {**bullet_list(rich_text_run("one")), "style": "ordered", "offset": 4},
            bullet_list(rich_text_run("deeper"), indent=1),
            rich_text_part("quote", rich_text_run("Patience, said the kettle")),
            rich_text_part("preformatted", rich_text_run("<b>while</b> true")),
            rich_text_part(
                "section", rich_text_run("x = 1", code=True), rich_text_run("under", underline=True)
            ),
        ),
    )
    message = message_with_text(ada, "Patience")

    await expect(message.locator("em > strong")).to_have_text("Strong")
    await expect(message.locator("s")).to_have_text("gone")
    await expect(message.locator("ol")).to_have_attribute("start", "5")
    await expect(message.locator("ol > li")).to_have_text("one")
    await expect(message.locator("ul.indent-1 > li")).to_have_text("deeper")
    await expect(message.locator("blockquote")).to_have_text("Patience, said the kettle")
    await expect(message.locator("pre")).to_have_text("<b>while</b> true")
    await expect(message.locator("code")).to_have_text("x = 1")
    await expect(message.locator("u")).to_have_text("under")


async def test_rich_text_shows_names_of_people_and_channels(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    eve = await open_page(world.personas.eve)
    await gallery_app.post_message(
        world.personas.eve,
        rich_text(
            rich_text_part(
                "section",
                rich_text_run("For "),
                {"type": "user", "user_id": world.personas.eve.id},
                {"type": "user", "user_id": world.personas.mo.id},
                {"type": "channel", "channel_id": general_channel(world).id},
                {"type": "broadcast", "range": "here"},
                {"type": "team", "team_id": world.slack.team_id},
                {"type": "emoji", "name": "wave", "unicode": "1f44b"},
                {"type": "emoji", "name": "partyparrot"},
                {"type": "color", "value": "#1F4E5F"},
                {"type": "link", "url": "https://tea.example.com", "text": "leaves"},
                {"type": "link", "url": "javascript:alert(1)", "text": "evil"},
                {"type": "date", "timestamp": MOMENT, "format": "{date_num} at {time}"},
            )
        ),
    )
    message = message_with_text(eve, "For ")

    await expect(message.locator(".mention")).to_have_text(
        ["@Eve Holt", "@Mo Tanaka", "#general", "@here", "Acme"]
    )
    await expect(message.locator(".mention.me")).to_have_text("@Eve Holt")
    await expect(message.locator(".rich-text")).to_contain_text("👋:partyparrot:#1F4E5F")
    link = message.get_by_role("link", name="leaves")
    await expect(link).to_have_attribute("href", "https://tea.example.com")
    await expect(message.get_by_role("link", name="evil")).to_have_count(0)
    # Eve's time zone is New York.
    await expect(message.locator(".rich-text time")).to_have_text("2014-02-18 at 9:39 AM")


MARKDOWN = """\
# Tea
Some **bold**, *italic*, ~~struck~~ and `code`, \\*not this\\*.
<script>document.title = "owned"</script>

- Green
  - Sencha
- [x] Black

3. Boil
4. Pour

> It is hot

---

| Tea | Minutes |
|-----|--------:|
| Assam | **4** |

```python
if a < b: pass
```
See [the shop](https://tea.example.com/a_b) or https://tea.example.com/c."""


async def test_markdown_is_formatted(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    await gallery_app.post_message(world.personas.ada, {"type": "markdown", "text": MARKDOWN})
    message = message_with_text(ada, "Some bold")

    await expect(message.get_by_role("heading", name="Tea")).to_be_visible()
    await expect(message.locator("p > strong")).to_have_text("bold")
    await expect(message.locator("em")).to_have_text("italic")
    await expect(message.locator("s")).to_have_text("struck")
    await expect(message.locator("p > code")).to_have_text("code")
    await expect(message.locator("p").first).to_contain_text("*not this*")
    await expect(message.locator("p").first).to_contain_text("<script>")
    await expect(message.locator("ul ul li")).to_have_text("Sencha")
    await expect(message.locator("li.task")).to_have_text("☑ Black")
    await expect(message.locator("ol[start='3'] > li")).to_have_text(["Boil", "Pour"])
    await expect(message.locator("blockquote")).to_have_text("It is hot")
    await expect(message.get_by_role("separator")).to_have_count(1)
    await expect(message.locator("th")).to_have_text(["Tea", "Minutes"])
    await expect(message.locator("td")).to_have_text(["Assam", "4"])
    await expect(message.locator("td").last).to_have_css("text-align", "right")
    await expect(message.locator("pre")).to_have_text("if a < b: pass")
    hrefs = [await one.get_attribute("href") for one in await message.locator("p a").all()]
    assert hrefs == ["https://tea.example.com/a_b", "https://tea.example.com/c"]
