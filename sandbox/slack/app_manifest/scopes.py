"""The bot scopes of Slack, and the scopes that each event requires.

Source: the method and event reference of docs.slack.dev, August 2026.
"""

_SCOPES = """
app_mentions:read assistant:write bookmarks:read bookmarks:write calls:read calls:write
canvases:read canvases:write channels:history channels:join channels:manage channels:read
channels:write channels:write.invites channels:write.topic chat:write chat:write.customize
chat:write.public commands conversations.connect:manage conversations.connect:read
conversations.connect:write datastore:read datastore:write dnd:read emoji:read files:read
files:write groups:history groups:read groups:write groups:write.invites groups:write.topic
im:history im:read im:write im:write.topic incoming-webhook links.embed:write links:read
links:write lists:read lists:write metadata.message:read mpim:history mpim:read mpim:write
mpim:write.topic pins:read pins:write reactions:read reactions:write reminders:read
reminders:write remote_files:read remote_files:share remote_files:write search:read.files
search:read.public search:read.users team.billing:read team.preferences:read team:read tokens.basic
triggers:read triggers:write usergroups:read usergroups:write users.profile:read users:read
users:read.email users:write workflow.steps:execute
"""
KNOWN_BOT_SCOPES = frozenset(_SCOPES.split())

# Alternative scopes (one is enough) → the events that they allow.
_EVENTS_BY_SCOPES = {
    "": """
        app_home_opened app_installed app_requested app_uninstalled tokens_revoked function_executed
        assistant_thread_started assistant_thread_context_changed call_rejected channel_id_changed
        entity_comments_requested entity_details_requested grid_migration_finished
        grid_migration_started shared_channel_invite_accepted shared_channel_invite_approved
        shared_channel_invite_declined shared_channel_invite_received
        shared_channel_invite_requested team_access_granted team_access_revoked
        user_huddle_changed
        """,
    "app_mentions:read": "app_mention",
    "assistant:write": "app_context_changed",
    "channels:history": "message.channels",
    "channels:history groups:history mpim:history": "channel_history_changed",
    "channels:history groups:history im:history mpim:history": "channel_posting_permissions",
    "channels:read": "channel_created channel_deleted channel_left channel_rename",
    "channels:read groups:read": "channel_shared channel_unshared member_left_channel",
    "channels:read groups:read mpim:read": "member_joined_channel",
    "chat:write": "agent_session_stopped agent_session_title_changed",
    "dnd:read": "dnd_updated dnd_updated_user",
    "emoji:read": "emoji_changed",
    "files:read": """
        file_change file_comment_added file_comment_deleted file_comment_edited file_created
        file_deleted file_public file_shared file_unshared
        """,
    "groups:history": "message.groups group_history_changed",
    "groups:read": "group_close group_deleted group_left group_open group_rename",
    "im:history": "message.im im_history_changed",
    "im:read": "im_close im_created im_open",
    "links:read": "link_shared",
    "metadata.message:read": """
        message_metadata_deleted message_metadata_posted message_metadata_updated
        """,
    "mpim:history": "message.mpim",
    "pins:read": "pin_added pin_removed",
    "reactions:read": "reaction_added reaction_removed",
    "team:read": "email_domain_changed team_domain_change team_rename",
    "usergroups:read": """
        subteam_created subteam_members_changed subteam_self_added subteam_self_removed
        subteam_updated
        """,
    "users:read": "team_join user_change user_profile_changed user_status_changed",
    "users:write": "user_connection",
}
SCOPES_FOR_EVENT = {
    event: frozenset(scopes.split())
    for scopes, events in _EVENTS_BY_SCOPES.items()
    for event in events.split()
}
