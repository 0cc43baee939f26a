"""Every block that an app can put into a message is there to be read."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from sandbox.slack.shapes import Json
from sandbox.world import World
from tests.browser.conftest import Opens
from tests.browser.gallery import (
    PICTURES,
    App,
    actions,
    marked,
    menu,
    options,
    plain,
    rich,
    section,
    with_pictures,
)
from tests.browser.hands import card

# 14:39:42 UTC
MOMENT = 1392734382


@pytest.fixture
async def app(world: World) -> AsyncIterator[App]:
    async with App(world) as app:
        yield app


async def test_texts_headers_dividers_and_contexts_are_read_in_their_order(
    opens: Opens, world: World, app: App
) -> None:
    ada = await with_pictures(await opens(world.cast.ada))
    small = {"type": "image", "image_url": f"{PICTURES}/leaf.svg", "alt_text": "A leaf"}
    await app.says(
        world.cast.ada,
        {"type": "header", "text": plain("Tea :own-tea: & coffee :coffee:")},
        section("Served by *us*", fields=[marked("*Pot*\nLarge"), plain("*Cup*\nSmall")]),
        {"type": "divider"},
        {"type": "context", "elements": [small, marked("For _you_"), plain("and _you_")]},
        section("A leaf", accessory=small),
    )
    message = card(ada, "Served by us")

    await expect(message.get_by_role("heading")).to_have_text("Tea :own-tea: & coffee ☕")
    await expect(message.locator(".section").first).to_contain_text("Served by us")
    await expect(message.locator(".fields > *")).to_have_text(["Pot\nLarge", "*Cup*\nSmall"])
    await expect(message.locator(".section strong")).to_have_text(["us", "Pot"])
    await expect(message.get_by_role("separator")).to_have_count(1)
    await expect(message.locator(".context")).to_have_text("For youand _you_")
    pictures = message.get_by_role("img", name="A leaf")
    await expect(pictures).to_have_count(2)
    for picture in await pictures.all():
        await expect(picture).to_have_js_property("naturalWidth", 320)


async def test_a_picture_has_its_title_and_where_it_is_missing_its_description(
    opens: Opens, world: World, app: App
) -> None:
    ada = await with_pictures(await opens(world.cast.ada))
    await app.says(
        world.cast.ada,
        {
            "type": "image",
            "title": plain("The garden"),
            "image_url": f"{PICTURES}/garden.svg",
            "alt_text": "Rows of tea",
        },
        {"type": "image", "slack_file": {"id": "F0123456"}, "alt_text": "A file of Slack's"},
    )

    figure = ada.get_by_role("figure", name="The garden")
    await expect(figure.get_by_role("img", name="Rows of tea")).to_have_js_property(
        "naturalWidth", 320
    )
    await expect(ada.get_by_role("img", name="A file of Slack's")).to_have_text("A file of Slack's")


async def test_rich_text_has_its_lists_quotes_code_and_styles(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    await app.says(
        world.cast.ada,
        rich(
            part("section", said("Strong", bold=True, italic=True), said("gone", strike=True)),
            {**bullets(said("one")), "style": "ordered", "offset": 4},
            bullets(said("deeper"), indent=1),
            part("quote", said("Patience, said the kettle")),
            part("preformatted", said("<b>while</b> true")),
            part("section", said("x = 1", code=True), said("under", underline=True)),
        ),
    )
    message = card(ada, "Patience")

    await expect(message.locator("em > strong")).to_have_text("Strong")
    await expect(message.locator("s")).to_have_text("gone")
    await expect(message.locator("ol")).to_have_attribute("start", "5")
    await expect(message.locator("ol > li")).to_have_text("one")
    await expect(message.locator("ul.indent-1 > li")).to_have_text("deeper")
    await expect(message.locator("blockquote")).to_have_text("Patience, said the kettle")
    await expect(message.locator("pre")).to_have_text("<b>while</b> true")
    await expect(message.locator("code")).to_have_text("x = 1")
    await expect(message.locator("u")).to_have_text("under")


async def test_rich_text_names_whom_and_what_it_refers_to(
    opens: Opens, world: World, app: App
) -> None:
    eve = await opens(world.cast.eve)
    general = world.slack.state.channels.named("general")
    assert general
    await app.says(
        world.cast.eve,
        rich(
            part(
                "section",
                said("For "),
                {"type": "user", "user_id": world.cast.eve.id},
                {"type": "user", "user_id": world.cast.mo.id},
                {"type": "channel", "channel_id": general.id},
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
    message = card(eve, "For ")

    await expect(message.locator(".mention")).to_have_text(
        ["@Eve Holt", "@Mo Tanaka", "#general", "@here", "Acme"]
    )
    await expect(message.locator(".mention.me")).to_have_text("@Eve Holt")
    await expect(message.locator(".rich-text")).to_contain_text("👋:partyparrot:#1F4E5F")
    link = message.get_by_role("link", name="leaves")
    await expect(link).to_have_attribute("href", "https://tea.example.com")
    await expect(message.get_by_role("link", name="evil")).to_have_count(0)
    # Eve is in New York.
    await expect(message.locator(".rich-text time")).to_have_text("2014-02-18 at 9:39 AM")


def part(kind: str, *elements: Json) -> Json:
    return {"type": f"rich_text_{kind}", "elements": list(elements)}


def said(text: str, **style: bool) -> Json:
    return {"type": "text", "text": text, **({"style": style} if style else {})}


def bullets(*runs: Json, indent: int = 0) -> Json:
    items = [part("section", run) for run in runs]
    return {"type": "rich_text_list", "style": "bullet", "indent": indent, "elements": items}


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


async def test_markdown_is_set_as_it_is_meant(opens: Opens, world: World, app: App) -> None:
    ada = await opens(world.cast.ada)
    await app.says(world.cast.ada, {"type": "markdown", "text": MARKDOWN})
    message = card(ada, "Some bold")

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


async def test_tables_videos_and_remote_files_are_shown(
    opens: Opens, world: World, app: App
) -> None:
    ada = await with_pictures(await opens(world.cast.ada))
    cells = [
        [{"type": "raw_text", "text": "Tea"}, {"type": "raw_text", "text": "Minutes"}],
        [rich(part("section", said("Assam", bold=True))), {**number(4), "text": "4 min"}],
    ]
    await app.says(
        world.cast.ada,
        {"type": "table", "rows": cells, "column_settings": [None, {"align": "right"}]},
        {
            "type": "video",
            "title": plain("How to pour"),
            "title_url": "https://tea.example.com/pour",
            "description": plain("Slowly."),
            "author_name": "Mo",
            "provider_name": "TeaTube",
            "video_url": "https://tea.example.com/embed",
            "thumbnail_url": f"{PICTURES}/pour.svg",
            "alt_text": "A hand pours",
        },
        {"type": "file", "external_id": "tea-2026", "source": "remote"},
    )
    message = card(ada, "Assam")

    await expect(message.locator("th")).to_have_text(["Tea", "Minutes"])
    await expect(message.locator("td strong")).to_have_text("Assam")
    await expect(message.locator("td").last).to_have_text("4 min")
    await expect(message.locator("td").last).to_have_css("text-align", "right")
    await expect(message.locator(".video")).to_contain_text("TeaTube · Mo")
    await expect(message.locator(".video")).to_contain_text("Slowly.")
    title = message.get_by_role("link", name="How to pour")
    await expect(title).to_have_attribute("href", "https://tea.example.com/pour")
    played = message.get_by_role("link", name="A hand pours")
    await expect(played).to_have_attribute("href", "https://tea.example.com/embed")
    await expect(message.locator(".file")).to_have_text("tea-2026")


def number(value: float) -> Json:
    return {"type": "raw_number", "value": value}


async def test_attachments_stand_under_the_message_beside_their_colour(
    opens: Opens, world: World, app: App
) -> None:
    ada = await with_pictures(await opens(world.cast.ada))
    field = {"title": "Water", "value": "*soft*", "short": True}
    old = {
        "color": "danger",
        "pretext": "Before, <@" + world.cast.mo.id + ">",
        "author_name": "The kettle",
        "title": "It boils over",
        "title_link": "https://tea.example.com/kettle",
        "text": "Take it *off*, says &lt;b&gt;",
        "fields": [field, field | {"short": False}],
        "image_url": f"{PICTURES}/kettle.svg",
        "fallback": "A kettle",
        "footer": "Kitchen",
        "ts": MOMENT,
    }
    await app.says(
        world.cast.ada,
        text="Look *here*",
        attachments=[
            old,
            {"fallback": "Only this"},
            {"color": "#36a64f", "blocks": [section("B")]},
        ],
    )
    message = card(ada, "Look here")
    first, second, third = (message.get_by_test_id("attachment").nth(i) for i in range(3))

    await expect(first).to_contain_text("Before, @Mo Tanaka")
    await expect(first).to_contain_text("The kettle")
    title = first.get_by_role("link", name="It boils over")
    await expect(title).to_have_attribute("href", "https://tea.example.com/kettle")
    await expect(first).to_contain_text("Take it off, says <b>")
    await expect(first.locator(".fields > *")).to_have_text(["Watersoft", "Watersoft"])
    await expect(first.get_by_role("img", name="A kettle")).to_have_js_property("naturalWidth", 320)
    await expect(first).to_contain_text("Kitchen | Feb 18, 2014 3:39 PM")
    bar = "border-left-color"
    await expect(first.locator(".beside")).to_have_css(bar, "rgb(163, 2, 0)")
    await expect(second).to_have_text("Only this")
    await expect(third).to_have_text("B")
    await expect(third.locator(".beside")).to_have_css(bar, "rgb(54, 166, 79)")


async def test_what_stands_in_an_attachment_can_be_used(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    blocks = [
        actions(
            menu("static_select", "Cup", options=options("Small", "Large")),
            menu("external_select", "Tea", min_query_length=1),
        )
    ]
    await app.says(world.cast.ada, attachments=[{"blocks": blocks}])
    attachment = ada.get_by_test_id("attachment")

    await attachment.get_by_label("Cup").select_option("Large")
    assert (await app.hears_action())["selected_option"]["value"] == "large"
    await attachment.get_by_role("combobox", name="Tea").fill("e")
    await attachment.get_by_role("option", name="Earl Grey").click()
    payload = await app.hears("block_actions")
    [values] = payload["state"]["values"].values()
    assert values["static_select"]["selected_option"]["value"] == "large"
    assert values["external_select"]["selected_option"]["value"] == "earl grey"


async def test_what_the_page_does_not_know_is_shown_as_it_came(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    post = await app.says(world.cast.ada, section("Known"), actions(menu("users_select", "Who")))
    strange = {"type": "tea_leaves", "reading": "<b>a journey</b>"}
    post.blocks += [
        strange,
        {"type": "actions", "block_id": "a", "elements": [{"type": "kettle", "action_id": "k"}]},
        {"type": "context", "elements": [{"type": "spoon"}]},
        rich(part("poem"), part("section", {"type": "rhyme"})),
        {"type": "table", "block_id": "without rows"},
    ]
    post.attachments += [{"id": 1, "actions": [{"type": "button", "text": "Old", "name": "old"}]}]
    post.edited = {"user": world.slack.bot_user_id, "ts": "1.0"}
    world.slack.state.changed()

    boxes = ada.get_by_test_id("unsupported")
    await expect(boxes).to_have_count(7)
    await expect(boxes.locator("strong")).to_have_text(
        [
            "Unsupported block: tea_leaves",
            "Unsupported element: kettle",
            "Unsupported element: spoon",
            "Unsupported element: rich_text_poem",
            "Unsupported element: rhyme",
            "Unsupported block: table",
            "Unsupported block: actions of an attachment",
        ]
    )
    await expect(boxes.first).to_contain_text('"reading": "<b>a journey</b>"')
    await expect(boxes.first).to_be_visible()
    await expect(card(ada, "Known").get_by_label("Who")).to_be_visible()


async def test_a_choice_in_a_message_outlives_its_redrawing(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    post = await app.says(
        world.cast.ada, actions(menu("static_select", "Cup", options=options("Small", "Large")))
    )
    cup = ada.get_by_test_id("message").get_by_label("Cup")
    await cup.select_option("Large")
    await app.hears_action()

    await app.client.chat_update(channel=post.channel, ts=post.ts, text="New", blocks=post.blocks)

    await expect(ada.get_by_test_id("message")).to_contain_text("(edited)")
    await expect(cup.locator("option:checked")).to_have_text("Large")


async def test_what_is_typed_into_a_message_goes_along_with_the_next_click(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    name = {"type": "plain_text_input", "action_id": "name"}
    await app.says(
        world.cast.ada,
        {"type": "input", "block_id": "who", "label": plain("Your name"), "element": name},
        actions({"type": "button", "action_id": "go", "text": plain("Go")}),
    )
    message = ada.get_by_test_id("message")

    await message.get_by_label("Your name").press_sequentially("Ada")
    await message.get_by_role("button", name="Go").click()

    payload = await app.hears("block_actions")
    assert [one["action_id"] for one in payload["actions"]] == ["go"]
    typed = {"type": "plain_text_input", "value": "Ada"}
    assert payload["state"]["values"]["who"] == {"name": typed}
    assert app.has_heard_all()
