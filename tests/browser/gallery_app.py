"""A test app behind the page: it shows any block and records Slack's requests."""

import dataclasses
import re
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from playwright.async_api import Locator, Route
from playwright.async_api import Page as Window
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import Shortcut
from sandbox.slack.entities.channels import Channel
from sandbox.slack.entities.messages import Post
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.views import View
from sandbox.world.world import World

IMAGE_BASE_URL = "https://pictures.example.com"
TEA_OPTIONS = ("Assam", "Ceylon", "Earl Grey")
_ANY_ID = re.compile("")
_IMAGE_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="160">'
    '<rect width="320" height="160" fill="#2f5d8a"/></svg>'
)


class GalleryApp:
    """`async with GalleryApp(world) as app:` replaces Frontdesk as the Slack app in the block.

    Attributes:
        submission_response: the app's answer to form submissions.
    """

    def __init__(self, world: World) -> None:
        self.slack = world.slack
        self.client = AsyncWebClient(token=self.slack.bot_token, base_url=self.slack.api_url)
        self.submission_response: Json = {}
        self._read_counts: dict[str, int] = {}
        self._previous_app = self.slack.request_url, self.slack.state.manifest
        self._runner = web.AppRunner(
            self._make_bolt_app().web_app("/"), access_log=None, shutdown_timeout=0
        )

    async def __aenter__(self) -> Self:
        self.slack.traffic_log.clear()
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.slack.request_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        self.slack.state.manifest = dataclasses.replace(
            self.slack.state.manifest,
            home_tab=True,
            shortcuts=(
                Shortcut("Brew a pot", "global", "brew", "For everybody."),
                Shortcut("Brew for them", "message", "brew_for", "For the author of the message."),
            ),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.slack.request_url, self.slack.state.manifest = self._previous_app
        await self._runner.cleanup()

    def _make_bolt_app(self) -> AsyncApp:
        bolt = AsyncApp(client=self.client, signing_secret=self.slack.signing_secret)

        async def suggest(ack: AsyncAck, payload: Json) -> None:
            typed = payload["value"].lower()
            await ack(options=[option(tea) for tea in TEA_OPTIONS if typed in tea.lower()])

        async def answer_submission(ack: AsyncAck) -> None:
            await ack(**self.submission_response)

        async def acknowledge(ack: AsyncAck) -> None:
            await ack()

        bolt.options(_ANY_ID)(suggest)
        bolt.view(_ANY_ID)(answer_submission)
        for listener in (bolt.action, bolt.shortcut, bolt.view_closed):
            listener(_ANY_ID)(acknowledge)
        return bolt

    async def post_message(
        self, person: Person, *blocks: Json, text: str = "Tea", **more: Any
    ) -> Post:
        """Post a direct message."""
        opened = await self.client.conversations_open(users=person.id)
        channel: str = opened["channel"]["id"]
        posted = await self.client.chat_postMessage(
            channel=channel, text=text, blocks=list(blocks), **more
        )
        post = self.slack.state.messages.find(channel, posted["ts"])
        assert post
        return post

    async def open_modal(self, person: Person, *blocks: Json, **more: Any) -> None:
        """Open a form for a person."""
        trigger = self.slack.state.triggers.create(person.id)
        await self.client.views_open(trigger_id=trigger, view=modal_view(*blocks, **more))

    def top_view(self, person: Person) -> View:
        """The top form of a person."""
        view = self.slack.state.views.top_modal(person.id)
        assert view
        return view

    async def next_payload(self, kind: str) -> Json:
        """Return the next payload of a kind that Slack sends; none is skipped."""
        read_count = self._read_counts.get(kind, 0)
        self._read_counts[kind] = read_count + 1
        deliveries = self.slack.traffic_log.deliveries
        await self.slack.wait_until(lambda: len(deliveries(kind)) > read_count, waiting_for=kind)
        return deliveries(kind)[read_count].request

    async def next_action(self) -> Json:
        """Return the next action, without place, time and appearance."""
        payload = await self.next_payload("block_actions")
        [action] = payload["actions"]
        ignored = ("action_ts", "block_id", "placeholder", "text", "style")
        return {key: value for key, value in action.items() if key not in ignored}

    async def next_submitted_values(self) -> dict[str, Json]:
        """Return the values of the next submitted form, by block id."""
        payload = await self.next_payload("view_submission")
        values: dict[str, dict[str, Json]] = payload["view"]["state"]["values"]
        return {block: next(iter(states.values())) for block, states in values.items()}

    def has_read_all_actions(self) -> bool:
        """Whether Slack has sent no other actions than those already read."""
        sent = self.slack.traffic_log.deliveries("block_actions")
        return len(sent) == self._read_counts.get("block_actions", 0)


async def serve_images(window: Window) -> Window:
    """Answer requests to example.com in the test, because there is no network."""

    async def answer(route: Route) -> None:
        is_picture = route.request.url.startswith(IMAGE_BASE_URL)
        kind, body = ("image/svg+xml", _IMAGE_SVG) if is_picture else ("text/plain", "A page.")
        await route.fulfill(content_type=kind, body=body)

    await window.context.route(re.compile(r"^https://\w+\.example\.com/"), answer)
    return window


def general_channel(world: World) -> Channel:
    """The channel #general, which everybody is in."""
    channel = world.slack.state.channels.find_by_name("general")
    assert channel
    return channel


async def choose_by_search(
    within: Locator, name: str, option_name: str, *, search_text: str = ""
) -> None:
    """Choose an option in a searchable menu."""
    await within.get_by_role("combobox", name=name, exact=True).fill(search_text or option_name)
    await within.get_by_role("listbox").get_by_role("option", name=option_name).click()


def plain_text(text: str, **more: Any) -> Json:
    return {"type": "plain_text", "text": text, **more}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def option(text: str, **more: Any) -> Json:
    return {"text": plain_text(text), "value": text.lower(), **more}


def options(*texts: str) -> list[Json]:
    return [option(text) for text in texts]


def selected_option(text: str) -> Json:
    """An option in the form that Slack sends."""
    return {"text": plain_text(text, emoji=True), "value": text.lower()}


def section(text: str, **more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(text), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def menu_element(kind: str, name: str, **more: Any) -> Json:
    return {"type": kind, "action_id": kind, "placeholder": plain_text(name), **more}


def rich_text(*parts: Json) -> Json:
    return {"type": "rich_text", "elements": list(parts)}


def input_block(label: str, element: Json, **more: Any) -> Json:
    """An input; block id and action id are the first word of the label."""
    name = label.split(maxsplit=1)[0].lower()
    with_id = {"action_id": name, **element}
    return {
        "type": "input",
        "block_id": name,
        "label": plain_text(label),
        "element": with_id,
        **more,
    }


def modal_view(*blocks: Json, title: str = "Order tea", **more: Any) -> Json:
    return {
        "type": "modal",
        "title": plain_text(title),
        "submit": plain_text("Order"),
        "blocks": list(blocks),
        **more,
    }


def rich_text_part(kind: str, *elements: Json) -> Json:
    return {"type": f"rich_text_{kind}", "elements": list(elements)}


def rich_text_run(text: str, **style: bool) -> Json:
    return {"type": "text", "text": text, **({"style": style} if style else {})}


def bullet_list(*runs: Json, indent: int = 0) -> Json:
    items = [rich_text_part("section", run) for run in runs]
    return {"type": "rich_text_list", "style": "bullet", "indent": indent, "elements": items}
