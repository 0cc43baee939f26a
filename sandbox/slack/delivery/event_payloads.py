"""The inner `event` object of each event that Slack can send."""

from sandbox.slack.entities.channels import Channel, ChannelKind
from sandbox.slack.entities.messages import Post, message_object
from sandbox.slack.entities.people import Member, user_object
from sandbox.slack.entities.usergroups import Usergroup, usergroup_object
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.workspace_state import WorkspaceState

# member_joined_channel uses its own letters for the kind of channel.
_CHANNEL_TYPE_LETTERS = {
    ChannelKind.CHANNEL: "C",
    ChannelKind.GROUP: "G",
    ChannelKind.IM: "D",
    ChannelKind.MPIM: "G",
}


def event_message(post: Post) -> Json:
    """Return a message as events show it: with its author, without `app_id`."""
    message = message_object(post)
    message.pop("app_id", None)
    return message


def _channel_fields(channel: Channel) -> Json:
    return {"channel": channel.id, "channel_type": channel.kind.value}


def message_posted(channel: Channel, post: Post) -> Json:
    return event_message(post) | _channel_fields(channel) | {"event_ts": post.ts}


def app_mentioned(channel: Channel, post: Post) -> Json:
    event = event_message(post) | {"type": "app_mention", "event_ts": post.ts}
    return event | {"channel": channel.id}


def message_changed(state: WorkspaceState, channel: Channel, post: Post, *, before: Json) -> Json:
    event_ts = state.new_ts()
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": event_message(post),
        "previous_message": before,
        "hidden": True,
        "ts": event_ts,
        "event_ts": event_ts,
    } | _channel_fields(channel)


def message_deleted(state: WorkspaceState, channel: Channel, post: Post) -> Json:
    event_ts = state.new_ts()
    return {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": event_message(post),
        "hidden": True,
        "deleted_ts": post.ts,
        "ts": event_ts,
        "event_ts": event_ts,
    } | _channel_fields(channel)


def app_home_opened(state: WorkspaceState, member: Member, *, tab: str) -> Json:
    event: Json = {
        "type": "app_home_opened",
        "user": member.id,
        "channel": state.direct_channel(member.id).id,
        "tab": tab,
        "event_ts": state.new_ts(),
    }
    home = state.views.home_tab(member.id)
    if tab == "home" and home:
        event["view"] = state.view_object(home)
    return event


def reaction_changed(
    state: WorkspaceState, post: Post, *, user: str, name: str, is_added: bool
) -> Json:
    return {
        "type": "reaction_added" if is_added else "reaction_removed",
        "user": user,
        "reaction": name,
        "item": {"type": "message", "channel": post.channel, "ts": post.ts},
        "item_user": post.user,
        "event_ts": state.new_ts(),
    }


def member_joined(
    state: WorkspaceState, channel: Channel, user: str, *, inviter: str | None
) -> Json:
    event = {
        "type": "member_joined_channel",
        "user": user,
        "channel": channel.id,
        "channel_type": _CHANNEL_TYPE_LETTERS[channel.kind],
        "team": state.team_id,
        "event_ts": state.new_ts(),
    }
    return event | ({"inviter": inviter} if inviter else {})


def member_left(state: WorkspaceState, channel: Channel, user: str) -> Json:
    return {
        "type": "member_left_channel",
        "user": user,
        "channel": channel.id,
        "channel_type": _CHANNEL_TYPE_LETTERS[channel.kind],
        "team": state.team_id,
        "event_ts": state.new_ts(),
    }


def user_changed(state: WorkspaceState, member: Member, *, name: str) -> Json:
    """Return `team_join` or `user_change`; both carry the user as users.info shows it."""
    with_email = "users:read.email" in state.manifest.bot_scopes
    user = user_object(member, home_team_id=state.team_id, with_email=with_email, with_locale=True)
    event: Json = {"type": name, "user": user}
    return event | ({"cache_ts": state.now()} if name == "user_change" else {})


def usergroup_changed(state: WorkspaceState, group: Usergroup, *, before: list[str]) -> list[Json]:
    """Return `subteam_updated` and `subteam_members_changed` for a user group's new members."""
    added = [user for user in group.users if user not in before]
    removed = [user for user in before if user not in group.users]
    previous_update, group.updated = group.updated, state.now()
    subteam = usergroup_object(group, with_users=True, with_count=True)
    members: Json = {
        "type": "subteam_members_changed",
        "subteam_id": group.id,
        "team_id": group.team_id,
        "date_previous_update": previous_update,
        "date_update": group.updated,
        "added_users": added,
        "added_users_count": len(added),
        "removed_users": removed,
        "removed_users_count": len(removed),
    }
    updated: Json = {"type": "subteam_updated", "subteam": subteam}
    return [event | {"event_ts": state.new_ts()} for event in (updated, members)]


def tokens_revoked(state: WorkspaceState) -> Json:
    return {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [state.app.bot_user_id]}}


def app_uninstalled() -> Json:
    return {"type": "app_uninstalled"}
