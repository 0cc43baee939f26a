"""What events say: the inner `event` object of each thing that can happen."""

from sandbox.slack.channels import Channel, Kind
from sandbox.slack.messages import Post, message_object
from sandbox.slack.people import Member, user_object
from sandbox.slack.shapes import Json
from sandbox.slack.state import State
from sandbox.slack.usergroups import Usergroup, usergroup_object

# member_joined_channel has its own letters for the kind of channel.
_LETTERS = {Kind.CHANNEL: "C", Kind.GROUP: "G", Kind.IM: "D", Kind.MPIM: "G"}


def told(post: Post) -> Json:
    """A message in an event says who wrote it, but not which app that is."""
    message = message_object(post)
    message.pop("app_id", None)
    return message


def _where(channel: Channel) -> Json:
    return {"channel": channel.id, "channel_type": channel.kind.value}


def message_posted(channel: Channel, post: Post) -> Json:
    return told(post) | _where(channel) | {"event_ts": post.ts}


def app_mentioned(channel: Channel, post: Post) -> Json:
    event = told(post) | {"type": "app_mention", "event_ts": post.ts}
    return event | {"channel": channel.id}


def message_changed(state: State, channel: Channel, post: Post, *, before: Json) -> Json:
    moment = state.new_ts()
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": told(post),
        "previous_message": before,
        "hidden": True,
        "ts": moment,
        "event_ts": moment,
    } | _where(channel)


def message_deleted(state: State, channel: Channel, post: Post) -> Json:
    moment = state.new_ts()
    return {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": told(post),
        "hidden": True,
        "deleted_ts": post.ts,
        "ts": moment,
        "event_ts": moment,
    } | _where(channel)


def app_home_opened(state: State, member: Member, *, tab: str) -> Json:
    event: Json = {
        "type": "app_home_opened",
        "user": member.id,
        "channel": state.dm(member.id).id,
        "tab": tab,
        "event_ts": state.new_ts(),
    }
    home = state.views.home(member.id)
    if tab == "home" and home:
        event["view"] = state.shown(home)
    return event


def reaction(state: State, post: Post, *, user: str, name: str, added: bool) -> Json:
    return {
        "type": "reaction_added" if added else "reaction_removed",
        "user": user,
        "reaction": name,
        "item": {"type": "message", "channel": post.channel, "ts": post.ts},
        "item_user": post.user,
        "event_ts": state.new_ts(),
    }


def member_joined(state: State, channel: Channel, user: str, *, inviter: str | None) -> Json:
    event = {
        "type": "member_joined_channel",
        "user": user,
        "channel": channel.id,
        "channel_type": _LETTERS[channel.kind],
        "team": state.team_id,
        "event_ts": state.new_ts(),
    }
    return event | ({"inviter": inviter} if inviter else {})


def member_left(state: State, channel: Channel, user: str) -> Json:
    return {
        "type": "member_left_channel",
        "user": user,
        "channel": channel.id,
        "channel_type": _LETTERS[channel.kind],
        "team": state.team_id,
        "event_ts": state.new_ts(),
    }


def user_changed(state: State, member: Member, *, name: str) -> Json:
    """`team_join` or `user_change`: both carry the user as users.info gives it."""
    with_email = "users:read.email" in state.manifest.bot_scopes
    user = user_object(member, home_team=state.team_id, with_email=with_email, locale=True)
    event: Json = {"type": name, "user": user}
    return event | ({"cache_ts": state.now()} if name == "user_change" else {})


def usergroup_changed(state: State, group: Usergroup, *, before: list[str]) -> list[Json]:
    """Who is in a user group has changed: `subteam_updated` and `subteam_members_changed`."""
    added = [user for user in group.users if user not in before]
    removed = [user for user in before if user not in group.users]
    earlier, group.updated = group.updated, state.now()
    shown = usergroup_object(group, with_users=True, with_count=True)
    members: Json = {
        "type": "subteam_members_changed",
        "subteam_id": group.id,
        "team_id": group.team_id,
        "date_previous_update": earlier,
        "date_update": group.updated,
        "added_users": added,
        "added_users_count": len(added),
        "removed_users": removed,
        "removed_users_count": len(removed),
    }
    updated: Json = {"type": "subteam_updated", "subteam": shown}
    return [one | {"event_ts": state.new_ts()} for one in (updated, members)]


def tokens_revoked(state: State) -> Json:
    return {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [state.app.bot_user_id]}}


def app_uninstalled() -> Json:
    return {"type": "app_uninstalled"}
