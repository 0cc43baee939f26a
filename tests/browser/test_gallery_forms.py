"""Every input that an app can put into a form is filled by its label, and tells what it holds."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import FilePayload, expect

from sandbox.slack.shapes import Json
from sandbox.world import World
from tests.browser.conftest import Opens
from tests.browser.gallery import (
    TEAS,
    App,
    actions,
    asks,
    chosen,
    form,
    marked,
    menu,
    option,
    options,
    picks,
    plain,
    section,
)
from tests.browser.hands import closes_modal, submits

TEXT = {"type": "plain_text_input"}
LEAF: FilePayload = {"name": "leaf.txt", "mimeType": "text/plain", "buffer": b"green"}
# 14:39 UTC; Ada is in Berlin.
MOMENT = 1392734340


@pytest.fixture
async def app(world: World) -> AsyncIterator[App]:
    async with App(world) as app:
        yield app


async def test_what_is_typed_and_picked_is_submitted_as_slack_writes_it(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    await app.opens(
        world.cast.ada,
        asks("Name of it", TEXT),
        asks("Story", TEXT | {"multiline": True}),
        asks("Mail", {"type": "email_text_input"}),
        asks("Link", {"type": "url_text_input"}),
        asks("Grams", {"type": "number_input", "is_decimal_allowed": True}),
        asks("Rhyme", {"type": "rich_text_input"}),
        asks("Day", {"type": "datepicker"}),
        asks("Hour", {"type": "timepicker"}),
        asks("Moment", {"type": "datetimepicker"}),
        asks("Proof", {"type": "file_input", "filetypes": ["txt"], "max_files": 2}),
        asks("Nothing", TEXT, optional=True),
    )
    modal = ada.get_by_test_id("modal")
    for label, value in (
        ("Name of it", "Tea <b>&amp;</b> :coffee:"),
        ("Story", "One\nTwo"),
        ("Mail", "ada@acme.example"),
        ("Link", "https://tea.example.com"),
        ("Grams", "2.5"),
        ("Rhyme", "Pour\nmore"),
        ("Day", "2026-04-02"),
        ("Hour", "16:30"),
        ("Moment", "2014-02-18T15:39"),
    ):
        await modal.get_by_label(label, exact=True).fill(value)
    await modal.get_by_label("Proof").set_input_files([LEAF])
    await expect(modal.get_by_text("leaf.txt")).to_be_visible()
    await submits(ada)

    values = await submitted(app)
    [file] = values.pop("proof")["files"]
    assert (file["name"], file["size"], file["mimetype"]) == ("leaf.txt", 5, "text/plain")
    spoken = [{"type": "text", "text": "Pour\nmore"}]
    lines = [{"type": "rich_text_section", "elements": spoken}]
    assert values == {
        "name": {"type": "plain_text_input", "value": "Tea <b>&amp;</b> :coffee:"},
        "story": {"type": "plain_text_input", "value": "One\nTwo"},
        "mail": {"type": "email_text_input", "value": "ada@acme.example"},
        "link": {"type": "url_text_input", "value": "https://tea.example.com"},
        "grams": {"type": "number_input", "value": "2.5"},
        "rhyme": {
            "type": "rich_text_input",
            "rich_text_value": {"type": "rich_text", "elements": lines},
        },
        "day": {"type": "datepicker", "selected_date": "2026-04-02"},
        "hour": {"type": "timepicker", "selected_time": "16:30"},
        "moment": {"type": "datetimepicker", "selected_date_time": MOMENT},
        "nothing": {"type": "plain_text_input", "value": None},
    }
    await expect(modal).to_have_count(0)


async def test_what_is_chosen_is_submitted_as_slack_writes_it(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    channel = world.slack.state.channels.named("general")
    assert channel
    two = options("Small", "Large")
    await app.opens(
        world.cast.ada,
        asks("Cup", menu("static_select", "Choose", options=two)),
        asks("Tea", menu("external_select", "Search", min_query_length=1)),
        asks("Drinker", menu("users_select", "Choose")),
        asks("Room", menu("channels_select", "Choose")),
        asks("Place", menu("conversations_select", "Choose")),
        asks("Cups", menu("multi_static_select", "Choose", options=two, max_selected_items=1)),
        asks("Teas", menu("multi_external_select", "Search", min_query_length=1)),
        asks("Drinkers", menu("multi_users_select", "Choose")),
        asks("Rooms", menu("multi_channels_select", "Choose")),
        asks("Places", menu("multi_conversations_select", "Choose")),
        asks("Sugar", {"type": "radio_buttons", "options": options("One lump", "Two lumps")}),
        asks("With", {"type": "checkboxes", "options": options("Milk", "Lemon", "Honey")}),
    )
    modal = ada.get_by_test_id("modal")
    await modal.get_by_label("Cup", exact=True).select_option("Large")
    await picks(modal, "Tea", "Earl Grey")
    await modal.get_by_label("Drinker", exact=True).select_option("Mo Tanaka")
    await modal.get_by_label("Room", exact=True).select_option("#general")
    await modal.get_by_label("Place", exact=True).select_option("#general")
    await picks(modal, "Cups", "Small")
    await picks(modal, "Cups", "Large")
    await picks(modal, "Teas", "Assam")
    await picks(modal, "Teas", "Ceylon")
    await picks(modal, "Drinkers", "Eve Holt")
    await picks(modal, "Drinkers", "Grace Hopper")
    await modal.get_by_role("button", name="Remove Eve Holt").click()
    await picks(modal, "Rooms", "#general")
    await picks(modal, "Places", "#general")
    await modal.get_by_role("radiogroup", name="Sugar").get_by_label("Two lumps").check()
    await modal.get_by_role("group", name="With").get_by_label("Milk").check()
    await modal.get_by_role("group", name="With").get_by_label("Honey").check()
    await submits(ada)

    values = await submitted(app)
    kinds = {name: state.pop("type") for name, state in values.items()}
    assert kinds["drinkers"] == "multi_users_select"
    assert values == {
        "cup": {"selected_option": chosen("Large")},
        "tea": {"selected_option": option("Earl Grey")},
        "drinker": {"selected_user": world.cast.mo.id},
        "room": {"selected_channel": channel.id},
        "place": {"selected_conversation": channel.id},
        # One is the most that it takes.
        "cups": {"selected_options": [chosen("Small")]},
        "teas": {"selected_options": [option("Assam"), option("Ceylon")]},
        "drinkers": {"selected_users": [world.cast.grace.id]},
        "rooms": {"selected_channels": [channel.id]},
        "places": {"selected_conversations": [channel.id]},
        "sugar": {"selected_option": chosen("Two lumps")},
        "with": {"selected_options": [chosen("Milk"), chosen("Honey")]},
    }


async def test_a_menu_that_is_searched_is_used_with_keys_alone(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    await app.opens(
        world.cast.ada, asks("Teas", menu("multi_static_select", "X", options=options(*TEAS)))
    )
    modal = ada.get_by_test_id("modal")
    teas, offered = modal.get_by_role("combobox", name="Teas"), modal.get_by_role("option")
    await expect(teas).to_be_focused()

    await ada.keyboard.type("e")
    await expect(offered).to_have_text(["Ceylon", "Earl Grey"])
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        await ada.keyboard.press(key)
    await expect(modal.locator(".chip")).to_have_text("Earl Grey×")
    await ada.keyboard.press("ArrowUp")
    await expect(teas).to_have_attribute("aria-expanded", "true")
    await expect(modal.get_by_role("option", selected=True)).to_have_text("Earl Grey")
    await ada.keyboard.press("Escape")
    await expect(offered).to_have_count(0)
    await ada.keyboard.press("Backspace")
    await expect(modal.locator(".chip")).to_have_count(0)
    await expect(teas).to_be_focused()


async def test_a_menu_of_conversations_offers_what_its_filter_includes(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    filters: dict[str, Json] = {
        "All": {},
        "Public": {"filter": {"include": ["public"]}},
        "Direct": {"filter": {"include": ["im"]}},
        "People": {"filter": {"include": ["im", "public"], "exclude_bot_users": True}},
    }
    await app.opens(
        world.cast.ada,
        *(asks(one, menu("conversations_select", "X", **more)) for one, more in filters.items()),
    )
    modal = ada.get_by_test_id("modal")

    channels = ["#general", "#it-help", "#random"]
    offered = {"All": ["Frontdesk", *channels], "Public": channels, "People": channels}
    for label, names in (offered | {"Direct": ["Frontdesk"]}).items():
        await expect(modal.get_by_label(label).locator("option:enabled")).to_have_text(names)


async def test_what_an_app_fills_in_is_there_and_may_be_taken_back(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    two = options("Small", "Large")
    first = {"initial_option": two[0]}
    await app.opens(
        world.cast.ada,
        asks("Name", TEXT | {"initial_value": "Assam & co"}, optional=True),
        asks("Cup", menu("static_select", "Choose", options=two, **first), optional=True),
        asks("With", {"type": "checkboxes", "options": two, "initial_options": two}, optional=True),
        asks(
            "Who", menu("multi_users_select", "X", initial_users=[world.cast.mo.id]), optional=True
        ),
        asks("Day", {"type": "datepicker", "initial_date": "2026-04-02"}, optional=True),
        asks("At", {"type": "datetimepicker", "initial_date_time": MOMENT}, optional=True),
    )
    modal = ada.get_by_test_id("modal")

    await expect(modal.get_by_label("Name")).to_have_value("Assam & co")
    await expect(modal.get_by_label("Cup").locator("option:checked")).to_have_text("Small")
    await expect(modal.get_by_role("checkbox", checked=True)).to_have_count(2)
    await expect(modal.locator(".chip")).to_have_text("Mo Tanaka×")
    await expect(modal.get_by_label("Day")).to_have_value("2026-04-02")
    await expect(modal.get_by_label("At (optional)")).to_have_value("2014-02-18T15:39")

    await modal.get_by_label("Name").fill("")
    await modal.get_by_label("Cup").select_option("")
    for box in await modal.get_by_role("checkbox").all():
        await box.uncheck()
    await modal.get_by_role("button", name="Remove Mo Tanaka").click()
    await modal.get_by_label("Day").fill("")
    await modal.get_by_label("At (optional)").fill("")
    await submits(ada)
    values = await submitted(app)
    assert {name: held(state) for name, state in values.items()} == {
        "name": None,
        "cup": None,
        "with": [],
        "who": [],
        "day": None,
        "at": None,
    }


async def test_each_error_stands_under_its_input_and_what_was_typed_survives(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    boxes = {"type": "checkboxes", "options": options("Milk", "Lemon")}
    hint = plain("As on the :label: tin")
    await app.opens(
        world.cast.ada,
        section("Before you *order*"),
        asks("Name", TEXT, hint=hint),
        asks("With", boxes, optional=True, hint=plain("Or nothing")),
        asks("Teas", menu("multi_external_select", "Search", min_query_length=1)),
    )
    modal = ada.get_by_test_id("modal")
    name, teas = modal.get_by_label("Name"), modal.get_by_role("combobox", name="Teas")
    with_it = modal.get_by_role("group", name="With (optional)")
    await expect(name).to_be_focused()
    await expect(name).to_have_accessible_description("As on the 🏷️ tin")
    await expect(with_it).to_have_accessible_description("Or nothing")

    await name.fill("Asam")
    await with_it.get_by_label("Lemon").check()
    await submits(ada)
    await expect(teas).to_have_accessible_description("Please complete this required field.")
    await expect(teas).to_be_focused()

    await picks(modal, "Teas", "Assam")
    app.answer = errors(name="There is no <i>Asam</i>.", **{"with": "No lemons left."})
    await submits(ada)
    await expect(name).to_have_accessible_description("There is no <i>Asam</i>. As on the 🏷️ tin")
    await expect(name).to_be_focused()
    await expect(name).to_have_value("Asam")
    await expect(with_it).to_have_accessible_description("No lemons left. Or nothing")
    await expect(with_it.get_by_label("Lemon")).to_be_checked()
    await expect(modal.locator(".chip")).to_have_text("Assam×")
    await expect(teas).to_have_accessible_description("")

    app.answer = {}
    await submits(ada)
    await expect(modal).to_have_count(0)
    await expect(ada.get_by_test_id("composer")).to_be_focused()


def errors(**texts: str) -> Json:
    return {"response_action": "errors", "errors": texts}


async def test_a_second_form_lies_over_the_first_and_gives_the_focus_back(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    await app.opens(world.cast.ada, asks("Name", TEXT), notify_on_close=True)
    modal = ada.get_by_test_id("modal")
    await modal.get_by_label("Name").fill("Assam")
    second = form(asks("Grams", TEXT), title="How much?", close=plain("Back"), notify_on_close=True)
    app.answer = {"response_action": "push", "view": second}
    await submits(ada)

    await expect(modal.get_by_role("heading", name="How much?")).to_be_visible()
    await expect(modal.get_by_label("Grams")).to_be_focused()
    await expect(ada.get_by_test_id("modal-beneath")).to_have_count(1)
    await modal.get_by_role("button", name="Back").click()
    assert (await app.hears("view_closed"))["view"]["title"]["text"] == "How much?"
    await expect(modal.get_by_role("heading", name="Order tea")).to_be_visible()
    await expect(modal.get_by_label("Name")).to_have_value("Assam")
    await expect(modal.get_by_test_id("modal-submit")).to_be_focused()

    await closes_modal(ada)
    assert (await app.hears("view_closed"))["view"]["title"]["text"] == "Order tea"
    await expect(ada.get_by_test_id("composer")).to_be_focused()


async def test_a_form_that_its_app_changes_keeps_what_was_typed(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    cup = menu("static_select", "Cup", options=options("Small", "Large"))
    blocks = [asks("Name", TEXT), actions(cup) | {"block_id": "cups"}]
    await app.opens(world.cast.ada, *blocks)
    modal = ada.get_by_test_id("modal")
    await modal.get_by_label("Name").press_sequentially("Assa")
    await modal.get_by_label("Cup").select_option("Large")
    payload = await app.hears("block_actions")
    # What was typed a moment ago goes along.
    assert payload["view"]["state"]["values"]["name"]["name"]["value"] == "Assa"

    await modal.get_by_label("Name").focus()
    changed = form(*blocks, asks("Sugar", TEXT), title="And sugar?")
    await app.client.views_update(view_id=app.shown(world.cast.ada).id, view=changed)

    await expect(modal.get_by_role("heading", name="And sugar?")).to_be_visible()
    await expect(modal.get_by_label("Name")).to_be_focused()
    await ada.keyboard.type("m")
    await expect(modal.get_by_label("Name")).to_have_value("Assam")
    await expect(modal.get_by_label("Cup").locator("option:checked")).to_have_text("Large")


async def test_an_input_that_asks_for_it_tells_the_app_at_once_and_once(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    eager = {"dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]}}
    two = options("Small", "Large")
    await app.opens(
        world.cast.ada,
        asks("Quiet", TEXT),
        asks("Enter", TEXT, dispatch_action=True),
        asks("Eager", TEXT | eager, dispatch_action=True),
        asks("Cup", menu("static_select", "Choose", options=two), dispatch_action=True),
    )
    modal = ada.get_by_test_id("modal")

    await modal.get_by_label("Quiet").fill("x")
    await modal.get_by_label("Enter").fill("Assam")
    await modal.get_by_label("Cup").select_option("Large")
    assert (await app.hears_action())["action_id"] == "static_select"
    values = app.shown(world.cast.ada).values
    assert values["enter"]["enter"]["value"] == "Assam"
    await modal.get_by_label("Enter").press("Enter")
    action = await app.hears_action()
    assert action == {"type": "plain_text_input", "action_id": "enter", "value": "Assam"}
    await modal.get_by_label("Eager").press_sequentially("ab")
    assert [(await app.hears_action())["value"] for _ in "ab"] == ["a", "ab"]
    await modal.get_by_label("Quiet").fill("y")
    await submits(ada)

    assert (await submitted(app))["quiet"]["value"] == "y"
    assert app.has_heard_all()


async def test_a_form_holds_whatever_else_blocks_can_show(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    question = {
        "title": plain("Sure?"),
        "text": marked("*Very* sure?"),
        "confirm": plain("Yes"),
        "deny": plain("No"),
    }
    press = {"type": "button", "action_id": "b", "text": plain("Brew"), "confirm": question}
    more = {"type": "overflow", "action_id": "more", "options": options("Stir")}
    await app.opens(
        world.cast.ada,
        {"type": "header", "text": plain("Tea")},
        section("Pot", accessory=more),
        actions(press),
        {"type": "context", "elements": [marked("_Served hot_")]},
        submit=plain("Go :coffee:"),
    )
    modal = ada.get_by_test_id("modal")
    await expect(modal.locator("em")).to_have_text("Served hot")
    await expect(modal.get_by_test_id("modal-submit")).to_have_text("Go ☕")

    await modal.get_by_role("button", name="Brew").click()
    await ada.get_by_role("alertdialog").get_by_role("button", name="Yes").click()
    payload = await app.hears("block_actions")
    assert payload["container"] == {"type": "view", "view_id": app.shown(world.cast.ada).id}
    await expect(modal.get_by_role("button", name="Brew")).to_be_focused()
    await modal.get_by_role("button", name="More actions").click()
    await ada.get_by_role("menuitem", name="Stir").click()
    assert (await app.hears_action())["selected_option"] == chosen("Stir")


async def submitted(app: App) -> dict[str, Json]:
    """What the app was sent, by the inputs' names."""
    payload = await app.hears("view_submission")
    values: dict[str, dict[str, Json]] = payload["view"]["state"]["values"]
    return {block: next(iter(states.values())) for block, states in values.items()}


def held(state: Json) -> object:
    [value] = [value for key, value in state.items() if key != "type"]
    return value
