"""What a person has before them: messages, a modal, the Home tab, each as it looks now."""

from dataclasses import dataclass

from sandbox.slack.inputs import shown_value
from sandbox.slack.messages import Post, message_object
from sandbox.slack.screen import button_labels, says_blocks, says_post, text_of
from sandbox.slack.shapes import Json
from sandbox.slack.state import State
from sandbox.slack.views import View


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """A message as it looked when it was read; `says` is every visible word of it."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json]
    metadata: Json | None
    ephemeral: bool
    edited: bool
    thread_ts: str | None
    says: str
    buttons: list[str]
    raw: Json


@dataclass(frozen=True, slots=True, eq=False)
class Modal:
    """The modal on top. `errors` and `values` are by label; `submit` is None without a button."""

    id: str
    hash: str
    callback_id: str
    private_metadata: str
    title: str
    submit: str | None
    close: str
    says: str
    labels: list[str]
    buttons: list[str]
    errors: dict[str, str]
    values: dict[str, str | list[str] | None]
    blocks: list[Json]


@dataclass(frozen=True, slots=True, eq=False)
class Home:
    """The app's Home tab."""

    id: str
    hash: str
    callback_id: str
    private_metadata: str
    says: str
    labels: list[str]
    buttons: list[str]
    blocks: list[Json]


def message(state: State, post: Post) -> Message:
    return Message(
        channel=post.channel,
        ts=post.ts,
        user=post.user,
        text=post.text,
        blocks=post.blocks,
        metadata=post.metadata,
        ephemeral=post.seen_only_by is not None,
        edited=post.edited is not None,
        thread_ts=post.thread_ts,
        says=says_post(post, state.name_of),
        buttons=button_labels(post.blocks, state.name_of),
        raw=message_object(post),
    )


def modal(state: State, view: View) -> Modal:
    spec = view.spec
    fields = view.fields()
    labels = {one.block_id: one.label for one in fields}
    return Modal(
        id=view.id,
        hash=view.hash,
        callback_id=str(spec.get("callback_id", "")),
        private_metadata=str(spec.get("private_metadata", "")),
        title=text_of(spec["title"], state.name_of),
        submit=text_of(spec["submit"], state.name_of) if spec.get("submit") else None,
        close=text_of(spec["close"], state.name_of) if spec.get("close") else "Cancel",
        says=_modal_says(state, view),
        labels=[one.label for one in fields],
        buttons=button_labels(view.blocks, state.name_of),
        errors={labels[block_id]: text for block_id, text in view.errors.items()},
        values={
            one.label: shown_value(view.values[one.block_id][one.action_id], state.name_of)
            for one in fields
        },
        blocks=view.blocks,
    )


def _modal_says(state: State, view: View) -> str:
    title = text_of(view.spec["title"], state.name_of)
    errors = list(view.errors.values())
    return "\n".join([title, says_blocks(view.blocks, state.name_of), *errors])


def home(state: State, view: View) -> Home:
    return Home(
        id=view.id,
        hash=view.hash,
        callback_id=str(view.spec.get("callback_id", "")),
        private_metadata=str(view.spec.get("private_metadata", "")),
        says=says_blocks(view.blocks, state.name_of),
        labels=[one.label for one in view.fields()],
        buttons=button_labels(view.blocks, state.name_of),
        blocks=view.blocks,
    )
