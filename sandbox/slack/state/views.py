"""Open modals and Home tabs per person, with the values entered in them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.slack.content.input_elements import InputField, initial_state, input_fields
from sandbox.slack.content.stored_blocks import with_ids_and_defaults
from sandbox.slack.primitives.clock import Clock
from sandbox.slack.primitives.errors import SlackError
from sandbox.slack.primitives.ids import IdGenerator, random_secret
from sandbox.slack.primitives.json_types import Json

# limits.md, row 26.
MAX_STACKED_VIEWS = 3
_HOME_TITLE = {"type": "plain_text", "text": "View Title", "emoji": True}

StateValues = dict[str, dict[str, Json]]


@dataclass(slots=True, eq=False)
class View:
    """One view.

    Attributes:
        values: the content of state.values in payloads.
        errors: the error texts by block id; Slack shows each under its block.
    """

    id: str
    owner: str
    team: str
    spec: Json
    hash: str
    root_id: str
    previous_id: str | None = None
    blocks: list[Json] = field(default_factory=list)
    values: StateValues = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def external_id(self) -> str:
        return str(self.spec.get("external_id") or "")

    @property
    def is_home(self) -> bool:
        return bool(self.spec["type"] == "home")

    def fields(self) -> list[InputField]:
        return input_fields(self.blocks, str)

    def replace_content(self, spec: Json, new_hash: str) -> None:
        """Show new content; keep a value if its block, action and element type stay the same."""
        self.spec, self.hash, self.errors = spec, new_hash, {}
        self.blocks = with_ids_and_defaults(spec["blocks"])
        old_values = self.values
        self.values = {}
        for input_field in self.fields():
            block_id, action_id = input_field.block_id, input_field.action_id
            old_state = old_values.get(block_id, {}).get(action_id, {})
            is_same_type = old_state.get("type") == input_field.type
            state = old_state if is_same_type else initial_state(input_field.element)
            self.values.setdefault(block_id, {})[action_id] = state

    def set_state(self, field: InputField, state: Json) -> None:
        self.values[field.block_id][field.action_id] = state


class Views:
    """All open views of all people."""

    def __init__(self, clock: Clock, ids: IdGenerator) -> None:
        self._clock = clock
        self._ids = ids
        self._stacks: defaultdict[str, list[View]] = defaultdict(list)
        self._homes: dict[str, View] = {}

    def __iter__(self) -> Iterator[View]:
        for stack in self._stacks.values():
            yield from stack
        yield from self._homes.values()

    def modal_stack(self, user: str) -> list[View]:
        return self._stacks[user]

    def top_modal(self, user: str) -> View | None:
        stack = self._stacks[user]
        return stack[-1] if stack else None

    def home_tab(self, user: str) -> View | None:
        return self._homes.get(user)

    def get_view(self, *, view_id: object = None, external_id: object = None) -> View:
        for view in self:
            if view.id == view_id or (external_id and view.external_id == external_id):
                return view
        raise SlackError("not_found")

    def open(self, spec: Json, *, owner: str, team: str) -> View:
        """Replace the owner's modal stack with one view: Slack shows one stack at a time."""
        self._check_external_id(spec)
        self._stacks[owner].clear()
        return self._add_to_stack(self._create_view(spec, owner, team))

    def push(self, spec: Json, *, owner: str) -> View:
        top = self.top_modal(owner)
        if top is None:
            raise SlackError("not_found")
        if len(self._stacks[owner]) >= MAX_STACKED_VIEWS:
            raise SlackError("push_limit_reached")
        self._check_external_id(spec)
        view = self._create_view(spec, owner, top.team)
        view.root_id, view.previous_id = top.root_id, top.id
        return self._add_to_stack(view)

    def update(self, view: View, spec: Json, *, expected_hash: object = None) -> View:
        if expected_hash and expected_hash != view.hash:
            raise SlackError("hash_conflict")
        self._check_external_id(spec, ignored_view=view)
        view.replace_content(spec, self._new_hash())
        return view

    def publish(self, spec: Json, *, owner: str, team: str, expected_hash: object = None) -> View:
        view = self._homes.get(owner)
        if view is not None:
            return self.update(view, spec, expected_hash=expected_hash)
        self._check_external_id(spec)
        self._homes[owner] = self._create_view(spec, owner, team)
        return self._homes[owner]

    def close(self, view: View) -> None:
        """Remove the view; the person then sees the view below it."""
        if view in self._stacks[view.owner]:
            self._stacks[view.owner].remove(view)

    def clear_stack(self, user: str) -> list[View]:
        closed = list(self._stacks[user])
        self._stacks[user].clear()
        return closed

    def clear(self) -> None:
        self._stacks.clear()
        self._homes.clear()

    def _create_view(self, spec: Json, owner: str, team: str) -> View:
        view_id = self._ids.new_id("V")
        view = View(
            id=view_id, owner=owner, team=team, spec=spec, hash=self._new_hash(), root_id=view_id
        )
        view.replace_content(spec, view.hash)
        return view

    def _add_to_stack(self, view: View) -> View:
        self._stacks[view.owner].append(view)
        return view

    def _new_hash(self) -> str:
        return f"{int(self._clock.now())}.{random_secret(8)}"

    def _check_external_id(self, spec: Json, ignored_view: View | None = None) -> None:
        external_id = spec.get("external_id")
        is_used = any(v.external_id == external_id for v in self if v is not ignored_view)
        if external_id and is_used:
            raise SlackError("duplicate_external_id")


def view_object(view: View, *, app_id: str, bot_id: str, app_team_id: str) -> Json:
    """Return a view as the Web API and the payloads show it."""
    spec = view.spec
    return {
        "id": view.id,
        "team_id": view.team,
        "type": spec["type"],
        "blocks": view.blocks,
        "private_metadata": spec.get("private_metadata", ""),
        "callback_id": spec.get("callback_id", ""),
        "state": {"values": view.values},
        "hash": view.hash,
        "title": _title_object(spec.get("title")) or dict(_HOME_TITLE),
        "clear_on_close": spec.get("clear_on_close", False),
        "notify_on_close": spec.get("notify_on_close", False),
        "close": _title_object(spec.get("close")),
        "submit": _title_object(spec.get("submit")),
        "previous_view_id": view.previous_id,
        "root_view_id": view.root_id,
        "app_id": app_id,
        "external_id": view.external_id,
        "app_installed_team_id": app_team_id,
        "bot_id": bot_id,
    }


def _title_object(text: Json | None) -> Json | None:
    return {"emoji": True, **text} if text else None
