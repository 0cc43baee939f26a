"""The payloads Slack sends, with the keys that real ones carry."""

from collections.abc import Mapping

from sandbox.slack.channels import Channel
from sandbox.slack.messages import Post, message_object
from sandbox.slack.people import Member
from sandbox.slack.shapes import Json
from sandbox.slack.state import State
from sandbox.slack.views import View
from sandbox.slack.windows import ResponseUrl


def url_of(state: State, url: ResponseUrl) -> str:
    return state.base_url + url.path


def _team(state: State, member: Member) -> Json:
    """The workspace the acting person belongs to: in Slack Connect not the app's own."""
    home = member.team_id == state.team_id
    return {"id": member.team_id, "domain": state.team_domain if home else "elsewhere"}


def _user(member: Member) -> Json:
    return {
        "id": member.id,
        "username": member.handle,
        "name": member.handle,
        "team_id": member.team_id,
    }


def _channel(channel: Channel) -> Json:
    return {"id": channel.id, "name": channel.called()}


def _interactive(state: State, member: Member, kind: str) -> Json:
    return {
        "type": kind,
        "team": _team(state, member),
        "enterprise": None,
        "is_enterprise_install": False,
        "user": _user(member),
        "api_app_id": state.app.app_id,
        "token": state.tokens.verification,
    }


def slash_command(
    state: State, member: Member, channel: Channel, *, command: str, text: str
) -> Json:
    url = state.response_urls.new(
        "commands", team=state.team_id, user=member.id, channel=channel.id
    )
    return {
        "token": state.tokens.verification,
        "team_id": member.team_id,
        "team_domain": _team(state, member)["domain"],
        "channel_id": channel.id,
        "channel_name": channel.called(),
        "user_id": member.id,
        "user_name": member.handle,
        "command": command,
        "text": text,
        "api_app_id": state.app.app_id,
        "is_enterprise_install": "false",
        "response_url": url_of(state, url),
        "trigger_id": state.triggers.new(member.id),
    }


def global_shortcut(state: State, member: Member, *, callback_id: str) -> Json:
    """No channel and no response_url (limits.md, row 35)."""
    payload = _interactive(state, member, "shortcut")
    del payload["api_app_id"], payload["user"]["name"]
    return payload | {
        "action_ts": state.new_ts(),
        "callback_id": callback_id,
        "trigger_id": state.triggers.new(member.id),
    }


def message_shortcut(
    state: State, member: Member, channel: Channel, post: Post, *, callback_id: str
) -> Json:
    url = state.response_urls.new("app", team=state.team_id, user=member.id, channel=channel.id)
    payload = _interactive(state, member, "message_action")
    del payload["api_app_id"], payload["user"]["username"]
    return payload | {
        "action_ts": state.new_ts(),
        "channel": _channel(channel),
        "callback_id": callback_id,
        "trigger_id": state.triggers.new(member.id),
        "message_ts": post.ts,
        "message": message_object(post),
        "response_url": url_of(state, url),
    }


def message_actions(
    state: State,
    member: Member,
    channel: Channel,
    post: Post,
    *,
    message: Json,
    values: Mapping[str, Json],
    actions: list[Json],
) -> Json:
    """A click in a message. Of an ephemeral one Slack does not send the message along."""
    ephemeral = post.seen_only_by is not None
    url = state.response_urls.new(
        "actions",
        team=state.team_id,
        user=member.id,
        channel=channel.id,
        message_ts=post.ts,
        ephemeral=ephemeral,
    )
    place = message_place(channel, post, message=message)
    trigger = {"trigger_id": state.triggers.new(member.id)}
    return (
        _interactive(state, member, "block_actions")
        | place
        | trigger
        | {
            "state": {"values": dict(values)},
            "response_url": url_of(state, url),
            "actions": [action | {"action_ts": state.new_ts()} for action in actions],
        }
    )


def message_place(channel: Channel, post: Post, *, message: Json) -> Json:
    """Where in a message something was done. An ephemeral one is not sent along."""
    ephemeral = post.seen_only_by is not None
    container: Json = {
        "type": "message",
        "message_ts": post.ts,
        "channel_id": channel.id,
        "is_ephemeral": ephemeral,
    }
    if post.thread_ts:
        container["thread_ts"] = post.thread_ts
    place: Json = {"container": container, "channel": _channel(channel)}
    return place if ephemeral else place | {"message": message}


def view_actions(state: State, member: Member, view: View, *, actions: list[Json]) -> Json:
    """A click in a modal or on the Home tab."""
    return _interactive(state, member, "block_actions") | {
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": state.triggers.new(member.id),
        "view": state.shown(view),
        "actions": [action | {"action_ts": state.new_ts()} for action in actions],
    }


def view_submission(state: State, member: Member, view: View, *, response_urls: list[Json]) -> Json:
    return _interactive(state, member, "view_submission") | {
        "trigger_id": state.triggers.new(member.id),
        "view": state.shown(view),
        "response_urls": response_urls,
    }


def view_closed(state: State, member: Member, view: View, *, is_cleared: bool) -> Json:
    """What was typed is not sent along: real ones have an empty state."""
    shown = state.shown(view) | {"state": {"values": {}}}
    return _interactive(state, member, "view_closed") | {
        "view": shown,
        "is_cleared": is_cleared,
        "response_urls": [],
    }


def suggestion(state: State, member: Member, where: Json, *, element: Json, value: str) -> Json:
    """What is typed into an external select; `where` says in which container."""
    return (
        _interactive(state, member, "block_suggestion")
        | where
        | {
            "action_id": element["action_id"],
            "block_id": element["block_id"],
            "value": value,
        }
    )


def event_callback(state: State, event: Json, *, channel: Channel | None) -> Json:
    """The wrapper of every event; its event_id stays the same in every retry."""
    where = channel.id if channel else "0"
    return {
        "token": state.tokens.verification,
        "team_id": state.team_id,
        "enterprise_id": None,
        "context_team_id": state.team_id,
        "context_enterprise_id": None,
        "api_app_id": state.app.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": state.ids.new("Ev"),
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
        "event_context": f"4-{event['type']}-{state.team_id}-{where}",
    }
