"""Rendered messages, modals and Home tabs, as a person sees them now."""

from dataclasses import dataclass

from sandbox.slack.content.input_elements import visible_value
from sandbox.slack.content.visible_text import blocks_text, button_labels, post_text, text_content
from sandbox.slack.entities.messages import Post, message_object
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.views import View
from sandbox.slack.state.workspace_state import WorkspaceState


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """A message as the person saw it; `visible_text` holds all visible words."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json]
    metadata: Json | None
    is_ephemeral: bool
    is_edited: bool
    thread_ts: str | None
    visible_text: str
    buttons: list[str]
    raw: Json


@dataclass(frozen=True, slots=True, eq=False)
class Modal:
    """The top modal.

    Attributes:
        submit: the text of the Submit button, or None without one.
        errors: the error texts by label.
        values: the visible values by label.
    """

    id: str
    hash: str
    callback_id: str
    private_metadata: str
    title: str
    submit: str | None
    close: str
    visible_text: str
    labels: list[str]
    buttons: list[str]
    errors: dict[str, str]
    values: dict[str, str | list[str] | None]
    blocks: list[Json]


@dataclass(frozen=True, slots=True, eq=False)
class HomeTab:
    """The app's Home tab."""

    id: str
    hash: str
    callback_id: str
    private_metadata: str
    visible_text: str
    labels: list[str]
    buttons: list[str]
    blocks: list[Json]


def render_message(state: WorkspaceState, post: Post) -> Message:
    return Message(
        channel=post.channel,
        ts=post.ts,
        user=post.user,
        text=post.text,
        blocks=post.blocks,
        metadata=post.metadata,
        is_ephemeral=post.ephemeral_user_id is not None,
        is_edited=post.edited is not None,
        thread_ts=post.thread_ts,
        visible_text=post_text(post, state.display_name),
        buttons=button_labels(post.blocks, state.display_name),
        raw=message_object(post),
    )


def render_modal(state: WorkspaceState, view: View) -> Modal:
    spec = view.spec
    fields = view.fields()
    labels = {field.block_id: field.label for field in fields}
    return Modal(
        id=view.id,
        hash=view.hash,
        callback_id=str(spec.get("callback_id", "")),
        private_metadata=str(spec.get("private_metadata", "")),
        title=text_content(spec["title"], state.display_name),
        submit=text_content(spec["submit"], state.display_name) if spec.get("submit") else None,
        close=text_content(spec["close"], state.display_name) if spec.get("close") else "Cancel",
        visible_text=_modal_text(state, view),
        labels=[field.label for field in fields],
        buttons=button_labels(view.blocks, state.display_name),
        errors={labels[block_id]: text for block_id, text in view.errors.items()},
        values={
            field.label: visible_value(
                view.values[field.block_id][field.action_id], state.display_name
            )
            for field in fields
        },
        blocks=view.blocks,
    )


def _modal_text(state: WorkspaceState, view: View) -> str:
    title = text_content(view.spec["title"], state.display_name)
    errors = list(view.errors.values())
    return "\n".join([title, blocks_text(view.blocks, state.display_name), *errors])


def render_home(state: WorkspaceState, view: View) -> HomeTab:
    return HomeTab(
        id=view.id,
        hash=view.hash,
        callback_id=str(view.spec.get("callback_id", "")),
        private_metadata=str(view.spec.get("private_metadata", "")),
        visible_text=blocks_text(view.blocks, state.display_name),
        labels=[field.label for field in view.fields()],
        buttons=button_labels(view.blocks, state.display_name),
        blocks=view.blocks,
    )
