"""What a person sees of blocks: every visible word, as plain text."""

from collections.abc import Iterable, Iterator

from sandbox.slack.markup import Names, plain, unescaped
from sandbox.slack.messages import Post
from sandbox.slack.shapes import Json, dug


def says_blocks(blocks: Iterable[Json], names: Names) -> str:
    """One line for each thing that stands on its own."""
    return "\n".join(line for block in blocks for line in _block(block, names) if line)


def says_post(post: Post, names: Names) -> str:
    """Slack shows `text` only where there are no blocks; attachments and files come below."""
    above = says_blocks(post.blocks, names) if post.blocks else plain(post.text, names)
    below = [line for attachment in post.attachments for line in _attachment(attachment, names)]
    titles = [str(file.get("title") or file.get("name")) for file in post.files]
    return "\n".join(line for line in (above, *below, *titles) if line)


def text_of(text: object, names: Names) -> str:
    """A text object, or a bare string."""
    if isinstance(text, str):
        return plain(text, names)
    if not isinstance(text, dict):
        return ""
    value = str(text.get("text", ""))
    return unescaped(value) if text.get("type") == "plain_text" else plain(value, names)


def elements_of(blocks: Iterable[Json]) -> Iterator[tuple[Json, Json]]:
    """Every interactive element with its block, from top to bottom."""
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


def button_labels(blocks: Iterable[Json], names: Names) -> list[str]:
    return [
        text_of(element.get("text"), names)
        for _, element in elements_of(blocks)
        if element.get("type") == "button"
    ]


def _attachment(attachment: Json, names: Names) -> Iterator[str]:
    if attachment.get("blocks"):
        yield says_blocks(attachment["blocks"], names)
        return
    for key in ("pretext", "title", "text"):
        yield text_of(attachment.get(key), names)


def _block(block: Json, names: Names) -> Iterator[str]:
    match block.get("type"):
        case "section":
            yield text_of(block.get("text"), names)
            for field in block.get("fields", ()):
                yield text_of(field, names)
            yield element_says(block.get("accessory"), names)
        case "header" | "markdown":
            yield text_of(block.get("text"), names)
        case "context":
            yield " ".join(element_says(one, names) for one in block.get("elements", ()))
        case "actions":
            for element in block.get("elements", ()):
                yield element_says(element, names)
        case "input":
            yield text_of(block.get("label"), names)
            yield element_says(block.get("element"), names)
            yield text_of(block.get("hint"), names)
        case "image":
            yield text_of(block.get("title"), names)
            yield str(block.get("alt_text", ""))
        case "rich_text":
            yield rich_text_says(block, names)
        case _:
            pass


def element_says(element: object, names: Names) -> str:
    """The words on an element: a button's label, a menu's choice or placeholder, an image's alt."""
    if not isinstance(element, dict):
        return ""
    match element.get("type"):
        case "mrkdwn" | "plain_text":
            return text_of(element, names)
        case "image":
            return str(element.get("alt_text", ""))
        case "button":
            return text_of(element.get("text"), names)
        case "radio_buttons" | "checkboxes" | "overflow":
            return "\n".join(text_of(one.get("text"), names) for one in element["options"])
        case _:
            return _menu_says(element, names)


def _menu_says(element: Json, names: Names) -> str:
    if isinstance(element.get("initial_value"), str):
        return str(element["initial_value"])
    if option := dug(element, "initial_option", "text"):
        return text_of(option, names)
    for key in ("initial_user", "initial_channel", "initial_conversation"):
        if key in element:
            return names(element[key])
    for key in ("initial_date", "initial_time"):
        if key in element:
            return str(element[key])
    return text_of(element.get("placeholder"), names)


def rich_text_says(element: Json, names: Names) -> str:
    """Rich text: sections, lists, quotes and preformatted text, each line its own."""
    inner = element.get("elements", ())
    if element.get("type") in ("rich_text", "rich_text_list"):
        return "\n".join(rich_text_says(one, names) for one in inner)
    return "".join(_rich_run(one, names) for one in inner)


_RICH_IDS = {"user": "user_id", "channel": "channel_id", "usergroup": "usergroup_id"}


def _rich_run(run: Json, names: Names) -> str:
    kind = str(run.get("type"))
    if kind in _RICH_IDS:
        return names(run[_RICH_IDS[kind]])
    match kind:
        case "text" | "link":
            return str(run.get("text") or run.get("url", ""))
        case "emoji":
            return f":{run.get('name')}:"
        case "broadcast":
            return f"@{run.get('range')}"
        case _:
            return str(run.get("fallback", ""))
