"""The payloads that Slack sends to an app, with the keys of recorded real ones."""

from collections.abc import Mapping

from sandbox.slack.entities.channels import Channel
from sandbox.slack.entities.messages import Post, message_object
from sandbox.slack.entities.people import Member
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.expiring_urls import ResponseUrl
from sandbox.slack.state.views import View
from sandbox.slack.state.workspace_state import WorkspaceState


def full_response_url(state: WorkspaceState, url: ResponseUrl) -> str:
    return state.base_url + url.path


def _team_object(state: WorkspaceState, member: Member) -> Json:
    """The acting person's workspace; in Slack Connect it is not the app's own."""
    is_home = member.team_id == state.team_id
    return {"id": member.team_id, "domain": state.team_domain if is_home else "elsewhere"}


def _user_object(member: Member) -> Json:
    return {
        "id": member.id,
        "username": member.handle,
        "name": member.handle,
        "team_id": member.team_id,
    }


def _channel_object(channel: Channel) -> Json:
    return {"id": channel.id, "name": channel.payload_name()}


def _interaction_base(state: WorkspaceState, member: Member, kind: str) -> Json:
    return {
        "type": kind,
        "team": _team_object(state, member),
        "enterprise": None,
        "is_enterprise_install": False,
        "user": _user_object(member),
        "api_app_id": state.app.app_id,
        "token": state.credentials.verification_token,
    }


def slash_command(
    state: WorkspaceState, member: Member, channel: Channel, *, command: str, text: str
) -> Json:
    url = state.response_urls.create(
        "commands", team=state.team_id, user=member.id, channel=channel.id
    )
    return {
        "token": state.credentials.verification_token,
        "team_id": member.team_id,
        "team_domain": _team_object(state, member)["domain"],
        "channel_id": channel.id,
        "channel_name": channel.payload_name(),
        "user_id": member.id,
        "user_name": member.handle,
        "command": command,
        "text": text,
        "api_app_id": state.app.app_id,
        "is_enterprise_install": "false",
        "response_url": full_response_url(state, url),
        "trigger_id": state.triggers.create(member.id),
    }


def global_shortcut(state: WorkspaceState, member: Member, *, callback_id: str) -> Json:
    """Return a global shortcut: no channel and no response_url (limits.md, row 35)."""
    payload = _interaction_base(state, member, "shortcut")
    del payload["api_app_id"], payload["user"]["name"]
    return payload | {
        "action_ts": state.new_ts(),
        "callback_id": callback_id,
        "trigger_id": state.triggers.create(member.id),
    }


def message_shortcut(
    state: WorkspaceState, member: Member, channel: Channel, post: Post, *, callback_id: str
) -> Json:
    url = state.response_urls.create("app", team=state.team_id, user=member.id, channel=channel.id)
    payload = _interaction_base(state, member, "message_action")
    del payload["api_app_id"], payload["user"]["username"]
    return payload | {
        "action_ts": state.new_ts(),
        "channel": _channel_object(channel),
        "callback_id": callback_id,
        "trigger_id": state.triggers.create(member.id),
        "message_ts": post.ts,
        "message": message_object(post),
        "response_url": full_response_url(state, url),
    }


def message_actions(
    state: WorkspaceState,
    member: Member,
    channel: Channel,
    post: Post,
    *,
    message: Json,
    values: Mapping[str, Json],
    actions: list[Json],
) -> Json:
    """Return a click in a message."""
    url = state.response_urls.create(
        "actions",
        team=state.team_id,
        user=member.id,
        channel=channel.id,
        message_ts=post.ts,
        ephemeral=post.ephemeral_user_id is not None,
    )
    container = message_container(channel, post, message=message)
    trigger = {"trigger_id": state.triggers.create(member.id)}
    return (
        _interaction_base(state, member, "block_actions")
        | container
        | trigger
        | {
            "state": {"values": dict(values)},
            "response_url": full_response_url(state, url),
            "actions": [action | {"action_ts": state.new_ts()} for action in actions],
        }
    )


def message_container(channel: Channel, post: Post, *, message: Json) -> Json:
    """Return the place of an action in a message; Slack omits an ephemeral `message`."""
    is_ephemeral = post.ephemeral_user_id is not None
    container: Json = {
        "type": "message",
        "message_ts": post.ts,
        "channel_id": channel.id,
        "is_ephemeral": is_ephemeral,
    }
    if post.thread_ts:
        container["thread_ts"] = post.thread_ts
    fields: Json = {"container": container, "channel": _channel_object(channel)}
    return fields if is_ephemeral else fields | {"message": message}


def view_actions(state: WorkspaceState, member: Member, view: View, *, actions: list[Json]) -> Json:
    """Return a click in a modal or on the Home tab."""
    return _interaction_base(state, member, "block_actions") | {
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": state.triggers.create(member.id),
        "view": state.view_object(view),
        "actions": [action | {"action_ts": state.new_ts()} for action in actions],
    }


def view_submission(
    state: WorkspaceState, member: Member, view: View, *, response_urls: list[Json]
) -> Json:
    return _interaction_base(state, member, "view_submission") | {
        "trigger_id": state.triggers.create(member.id),
        "view": state.view_object(view),
        "response_urls": response_urls,
    }


def view_closed(state: WorkspaceState, member: Member, view: View, *, is_cleared: bool) -> Json:
    """Return a closed view without the entered values: real payloads have an empty state."""
    return _interaction_base(state, member, "view_closed") | {
        "view": state.view_object(view) | {"state": {"values": {}}},
        "is_cleared": is_cleared,
        "response_urls": [],
    }


def block_suggestion(
    state: WorkspaceState, member: Member, container: Json, *, element: Json, value: str
) -> Json:
    """Return the text that a person typed into an external select.

    Args:
        container: the message or view that holds the select, as payload fields.
    """
    return (
        _interaction_base(state, member, "block_suggestion")
        | container
        | {
            "action_id": element["action_id"],
            "block_id": element["block_id"],
            "value": value,
        }
    )


def event_callback(state: WorkspaceState, event: Json, *, channel: Channel | None) -> Json:
    """Return the wrapper of an event; its event_id stays the same in each retry."""
    channel_id = channel.id if channel else "0"
    return {
        "token": state.credentials.verification_token,
        "team_id": state.team_id,
        "enterprise_id": None,
        "context_team_id": state.team_id,
        "context_enterprise_id": None,
        "api_app_id": state.app.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": state.ids.new_id("Ev"),
        "event_time": state.now(),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": state.team_id,
                "user_id": state.app.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{event['type']}-{state.team_id}-{channel_id}",
    }
