"""The shape of an app manifest, as in Slack's own schema (github.com/slackapi/manifest-schema)."""

from sandbox.slack.blockkit.rules import (
    Rule,
    anything,
    boolean,
    integer,
    items,
    one_word_of,
    shape,
    string,
)

_TEXT = string()
_URL = r"^https?:\/\/"
_REQUEST_URL = string(most=3500, pattern=_URL)
_DOMAIN = r"^(?![\.\-])([-a-z0-9\.])+([a-z0-9])$"
_OCTET = r"([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
_ADDRESS_RANGE = rf"^({_OCTET}\.){{3}}{_OCTET}(\/(3[0-2]|[1-2][0-9]|[0-9]))?$"
_PROMPTS = shape({"title": _TEXT, "message": _TEXT})


def _words(most: int, *, unique: bool = False) -> Rule:
    return items(string(most=50), most=most, unique=unique)


_DISPLAY_INFORMATION = shape(
    {"name": string(least=1, most=35)},
    {
        "description": string(least=1, most=140),
        "background_color": string(pattern=r"^#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?$"),
        "long_description": string(least=175, most=4000),
    },
)
_SLASH_COMMAND = shape(
    {
        "command": string(least=2, most=32, pattern=r"^\/"),
        "description": string(least=1, most=2000),
    },
    {
        "url": string(most=3000, pattern=_URL),
        "usage_hint": string(least=1, most=1000),
        "should_escape": boolean,
    },
)
_SHORTCUT = shape(
    {
        "name": string(least=1, most=24),
        "type": one_word_of("message", "global"),
        "callback_id": string(least=1, most=255),
        "description": string(least=1, most=150),
    }
)
_WORKFLOW_STEP = shape({"name": string(least=1, most=50), "callback_id": string(least=1, most=50)})
_FEATURES = shape(
    {},
    {
        "app_home": shape(
            {},
            {
                "home_tab_enabled": boolean,
                "messages_tab_enabled": boolean,
                "messages_tab_read_only_enabled": boolean,
            },
        ),
        "bot_user": shape({"display_name": string(least=1, most=80)}, {"always_online": boolean}),
        "shortcuts": items(_SHORTCUT, least=1, most=10),
        "slash_commands": items(_SLASH_COMMAND, least=1, most=50),
        "workflow_steps": items(_WORKFLOW_STEP, least=1, most=10),
        "unfurl_domains": items(string(most=255, pattern=_DOMAIN), least=1, most=5, unique=True),
        "assistant_view": shape(
            {"assistant_description": _TEXT}, {"suggested_prompts": items(_PROMPTS)}
        ),
        "agent_view": shape(
            {},
            {
                "agent_description": string(most=300),
                "suggested_prompts": items(_PROMPTS, most=4),
                "actions": items(shape({"name": _TEXT, "description": _TEXT})),
            },
        ),
        "functions": anything,
    },
)
_OAUTH = shape(
    {},
    {
        "redirect_urls": items(string(most=2500), most=1000, unique=True),
        "scopes": shape(
            {}, dict.fromkeys(("bot", "bot_optional", "user", "user_optional"), _words(255))
        ),
        "token_management_enabled": boolean,
        "pkce_enabled": boolean,
    },
)
_METADATA_SUBSCRIPTION = shape({"app_id": _TEXT, "event_type": string(most=50)})
_SETTINGS = shape(
    {},
    {
        "allowed_ip_address_ranges": items(
            string(pattern=_ADDRESS_RANGE), least=1, most=50, unique=True
        ),
        "event_subscriptions": shape(
            {},
            {
                "request_url": _REQUEST_URL,
                "user_events": _words(100, unique=True),
                "bot_events": _words(100, unique=True),
                "metadata_subscriptions": items(
                    _METADATA_SUBSCRIPTION, least=1, most=20, unique=True
                ),
            },
        ),
        "incoming_webhooks": shape({}, {"incoming_webhooks_enabled": boolean}),
        "interactivity": shape(
            {"is_enabled": boolean},
            {"request_url": _REQUEST_URL, "message_menu_options_url": _REQUEST_URL},
        ),
        "siws_links": shape({}, {"initiate_uri": string(most=3500, pattern=r"^https:\/\/")}),
        "org_deploy_enabled": boolean,
        "socket_mode_enabled": boolean,
        "token_rotation_enabled": boolean,
        "is_hosted": boolean,
        "is_mcp_enabled": boolean,
        "hermes_app_type": _TEXT,
        "function_runtime": _TEXT,
    },
)
_METADATA = shape(
    {},
    dict.fromkeys(("schema_version", "min_version", "major_version", "minor_version"), integer()),
)
# What concerns only Slack's directory, or apps that run at Slack. Nobody here looks into it.
NOT_LOOKED_INTO = (
    "app_directory",
    "functions",
    "workflows",
    "datastores",
    "outgoing_domains",
    "types",
    "external_auth_providers",
    "mcp_servers",
)
MANIFEST = shape(
    {"display_information": _DISPLAY_INFORMATION},
    {
        "$schema": _TEXT,
        "_metadata": _METADATA,
        "features": _FEATURES,
        "oauth_config": _OAUTH,
        "settings": _SETTINGS,
        **dict.fromkeys(NOT_LOOKED_INTO, anything),
    },
)
