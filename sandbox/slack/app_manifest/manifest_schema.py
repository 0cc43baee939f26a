"""The schema of an app manifest, after Slack's own (github.com/slackapi/manifest-schema)."""

from sandbox.slack.blockkit.schema_rules import (
    Rule,
    any_value,
    array_of,
    boolean,
    enum_of,
    integer,
    object_with,
    string,
)

_TEXT = string()
_URL = r"^https?:\/\/"
_REQUEST_URL = string(max_length=3500, pattern=_URL)
_DOMAIN = r"^(?![\.\-])([-a-z0-9\.])+([a-z0-9])$"
_OCTET = r"([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
_ADDRESS_RANGE = rf"^({_OCTET}\.){{3}}{_OCTET}(\/(3[0-2]|[1-2][0-9]|[0-9]))?$"
_PROMPTS = object_with({"title": _TEXT, "message": _TEXT})


def _word_list(max_items: int, *, unique: bool = False) -> Rule:
    return array_of(string(max_length=50), max_items=max_items, unique=unique)


_DISPLAY_INFORMATION = object_with(
    {"name": string(min_length=1, max_length=35)},
    {
        "description": string(min_length=1, max_length=140),
        "background_color": string(pattern=r"^#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?$"),
        "long_description": string(min_length=175, max_length=4000),
    },
)
_SLASH_COMMAND = object_with(
    {
        "command": string(min_length=2, max_length=32, pattern=r"^\/"),
        "description": string(min_length=1, max_length=2000),
    },
    {
        "url": string(max_length=3000, pattern=_URL),
        "usage_hint": string(min_length=1, max_length=1000),
        "should_escape": boolean,
    },
)
_SHORTCUT = object_with(
    {
        "name": string(min_length=1, max_length=24),
        "type": enum_of("message", "global"),
        "callback_id": string(min_length=1, max_length=255),
        "description": string(min_length=1, max_length=150),
    }
)
_WORKFLOW_STEP = object_with(
    {
        "name": string(min_length=1, max_length=50),
        "callback_id": string(min_length=1, max_length=50),
    }
)
_FEATURES = object_with(
    {},
    {
        "app_home": object_with(
            {},
            {
                "home_tab_enabled": boolean,
                "messages_tab_enabled": boolean,
                "messages_tab_read_only_enabled": boolean,
            },
        ),
        "bot_user": object_with(
            {"display_name": string(min_length=1, max_length=80)}, {"always_online": boolean}
        ),
        "shortcuts": array_of(_SHORTCUT, min_items=1, max_items=10),
        "slash_commands": array_of(_SLASH_COMMAND, min_items=1, max_items=50),
        "workflow_steps": array_of(_WORKFLOW_STEP, min_items=1, max_items=10),
        "unfurl_domains": array_of(
            string(max_length=255, pattern=_DOMAIN), min_items=1, max_items=5, unique=True
        ),
        "assistant_view": object_with(
            {"assistant_description": _TEXT}, {"suggested_prompts": array_of(_PROMPTS)}
        ),
        "agent_view": object_with(
            {},
            {
                "agent_description": string(max_length=300),
                "suggested_prompts": array_of(_PROMPTS, max_items=4),
                "actions": array_of(object_with({"name": _TEXT, "description": _TEXT})),
            },
        ),
        "functions": any_value,
    },
)
_OAUTH = object_with(
    {},
    {
        "redirect_urls": array_of(string(max_length=2500), max_items=1000, unique=True),
        "scopes": object_with(
            {}, dict.fromkeys(("bot", "bot_optional", "user", "user_optional"), _word_list(255))
        ),
        "token_management_enabled": boolean,
        "pkce_enabled": boolean,
    },
)
_METADATA_SUBSCRIPTION = object_with({"app_id": _TEXT, "event_type": string(max_length=50)})
_SETTINGS = object_with(
    {},
    {
        "allowed_ip_address_ranges": array_of(
            string(pattern=_ADDRESS_RANGE), min_items=1, max_items=50, unique=True
        ),
        "event_subscriptions": object_with(
            {},
            {
                "request_url": _REQUEST_URL,
                "user_events": _word_list(100, unique=True),
                "bot_events": _word_list(100, unique=True),
                "metadata_subscriptions": array_of(
                    _METADATA_SUBSCRIPTION, min_items=1, max_items=20, unique=True
                ),
            },
        ),
        "incoming_webhooks": object_with({}, {"incoming_webhooks_enabled": boolean}),
        "interactivity": object_with(
            {"is_enabled": boolean},
            {"request_url": _REQUEST_URL, "message_menu_options_url": _REQUEST_URL},
        ),
        "siws_links": object_with(
            {}, {"initiate_uri": string(max_length=3500, pattern=r"^https:\/\/")}
        ),
        "org_deploy_enabled": boolean,
        "socket_mode_enabled": boolean,
        "token_rotation_enabled": boolean,
        "is_hosted": boolean,
        "is_mcp_enabled": boolean,
        "hermes_app_type": _TEXT,
        "function_runtime": _TEXT,
    },
)
_METADATA = object_with(
    {},
    dict.fromkeys(("schema_version", "min_version", "major_version", "minor_version"), integer()),
)
# These sections concern only Slack's directory or Slack-hosted apps; nothing here checks them.
UNCHECKED_SECTIONS = (
    "app_directory",
    "functions",
    "workflows",
    "datastores",
    "outgoing_domains",
    "types",
    "external_auth_providers",
    "mcp_servers",
)
MANIFEST_SCHEMA = object_with(
    {"display_information": _DISPLAY_INFORMATION},
    {
        "$schema": _TEXT,
        "_metadata": _METADATA,
        "features": _FEATURES,
        "oauth_config": _OAUTH,
        "settings": _SETTINGS,
        **dict.fromkeys(UNCHECKED_SECTIONS, any_value),
    },
)
