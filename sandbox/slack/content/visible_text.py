"""The visible words of blocks and messages, as plain text."""

from collections.abc import Iterable, Iterator

from sandbox.slack.content.mrkdwn import ResolveName, to_plain_text, unescape
from sandbox.slack.entities.messages import Post
from sandbox.slack.primitives.json_types import Json, get_path


def blocks_text(blocks: Iterable[Json], resolve_name: ResolveName) -> str:
    """Return the visible text of blocks, one line for each separate part."""
    return "\n".join(line for block in blocks for line in _block_lines(block, resolve_name) if line)


def post_text(post: Post, resolve_name: ResolveName) -> str:
    """Return a message's visible text: blocks or `text`, then attachments and files.

    Slack shows `text` only in a message without blocks.
    """
    body = (
        blocks_text(post.blocks, resolve_name)
        if post.blocks
        else to_plain_text(post.text, resolve_name)
    )
    attachment_lines = [
        line
        for attachment in post.attachments
        for line in _attachment_lines(attachment, resolve_name)
    ]
    titles = [str(file.get("title") or file.get("name")) for file in post.files]
    return "\n".join(line for line in (body, *attachment_lines, *titles) if line)


def text_content(text: object, resolve_name: ResolveName) -> str:
    """Return the visible text of a text object or of a string."""
    if isinstance(text, str):
        return to_plain_text(text, resolve_name)
    if not isinstance(text, dict):
        return ""
    value = str(text.get("text", ""))
    return (
        unescape(value) if text.get("type") == "plain_text" else to_plain_text(value, resolve_name)
    )


def interactive_elements(blocks: Iterable[Json]) -> Iterator[tuple[Json, Json]]:
    """Yield each interactive element with its block, from top to bottom."""
    for block in blocks:
        match block.get("type"):
            case "actions" | "context_actions":
                for element in block.get("elements", ()):
                    yield block, element
            case "section":
                if accessory := block.get("accessory"):
                    yield block, accessory
            case "input":
                yield block, block["element"]
            case _:
                pass


def button_labels(blocks: Iterable[Json], resolve_name: ResolveName) -> list[str]:
    return [
        text_content(element.get("text"), resolve_name)
        for _, element in interactive_elements(blocks)
        if element.get("type") == "button"
    ]


def _attachment_lines(attachment: Json, resolve_name: ResolveName) -> Iterator[str]:
    if attachment.get("blocks"):
        yield blocks_text(attachment["blocks"], resolve_name)
        return
    for key in ("pretext", "title", "text"):
        yield text_content(attachment.get(key), resolve_name)


def _block_lines(block: Json, resolve_name: ResolveName) -> Iterator[str]:
    match block.get("type"):
        case "section":
            yield text_content(block.get("text"), resolve_name)
            for field in block.get("fields", ()):
                yield text_content(field, resolve_name)
            yield element_text(block.get("accessory"), resolve_name)
        case "header" | "markdown":
            yield text_content(block.get("text"), resolve_name)
        case "context":
            yield " ".join(element_text(e, resolve_name) for e in block.get("elements", ()))
        case "actions":
            for element in block.get("elements", ()):
                yield element_text(element, resolve_name)
        case "input":
            yield text_content(block.get("label"), resolve_name)
            yield element_text(block.get("element"), resolve_name)
            yield text_content(block.get("hint"), resolve_name)
        case "image":
            yield text_content(block.get("title"), resolve_name)
            yield str(block.get("alt_text", ""))
        case "rich_text":
            yield rich_text_content(block, resolve_name)
        case _:
            pass


def element_text(element: object, resolve_name: ResolveName) -> str:
    """Return an element's visible text: label, selected option, placeholder or alt text."""
    if not isinstance(element, dict):
        return ""
    match element.get("type"):
        case "mrkdwn" | "plain_text":
            return text_content(element, resolve_name)
        case "image":
            return str(element.get("alt_text", ""))
        case "button":
            return text_content(element.get("text"), resolve_name)
        case "radio_buttons" | "checkboxes" | "overflow":
            return "\n".join(
                text_content(option.get("text"), resolve_name) for option in element["options"]
            )
        case _:
            return _menu_text(element, resolve_name)


def _menu_text(element: Json, resolve_name: ResolveName) -> str:
    if isinstance(element.get("initial_value"), str):
        return str(element["initial_value"])
    if option := get_path(element, "initial_option", "text"):
        return text_content(option, resolve_name)
    for key in ("initial_user", "initial_channel", "initial_conversation"):
        if key in element:
            return resolve_name(element[key])
    for key in ("initial_date", "initial_time"):
        if key in element:
            return str(element[key])
    return text_content(element.get("placeholder"), resolve_name)


def rich_text_content(element: Json, resolve_name: ResolveName) -> str:
    """Return the visible text of rich text, one line for each section, item or quote."""
    children = element.get("elements", ())
    if element.get("type") in ("rich_text", "rich_text_list"):
        return "\n".join(rich_text_content(child, resolve_name) for child in children)
    return "".join(_inline_text(child, resolve_name) for child in children)


_RICH_IDS = {"user": "user_id", "channel": "channel_id", "usergroup": "usergroup_id"}


def _inline_text(element: Json, resolve_name: ResolveName) -> str:
    kind = str(element.get("type"))
    if kind in _RICH_IDS:
        return resolve_name(element[_RICH_IDS[kind]])
    match kind:
        case "text" | "link":
            return str(element.get("text") or element.get("url", ""))
        case "emoji":
            return f":{element.get('name')}:"
        case "broadcast":
            return f"@{element.get('range')}"
        case _:
            return str(element.get("fallback", ""))
