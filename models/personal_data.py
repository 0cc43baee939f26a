"""The personal-data inventory: each stored field, what it says of a person, and how long it stays.

`python -m models.personal_data` prints the page docs/personal-data.md. Tests compare the inventory
with the models, with stored documents and with the indexes that delete them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from models.access.token_store import RECORD_RETENTION
from models.engine.ai_request_log import RETENTION as AI_REQUEST_RETENTION
from models.webhooks.webhook import MAX_EVENT_AGE
from models.workspace.workspace_settings import WorkspaceSettings


class DataKind(StrEnum):
    """The kinds of personal data in a field."""

    PERSON = "Slack id of a person, or of the direct messages with them"
    NAME = "name"
    ADDRESS = "e-mail address"
    PROFILE = "fact about a person: role, skills, time zone, absence"
    TEXT = "text that a person wrote, or that was made from it"


@dataclass(frozen=True, slots=True)
class StoredData:
    """The fields of a collection.

    Attributes:
        retention: how long a document stays.
        personal: the fields with personal data, by kind; a field may have several kinds.
        other: the fields without personal data. Fields of nested documents have dots.
    """

    retention: str
    personal: Mapping[DataKind, str] = field(default_factory=dict)
    other: str = ""


@dataclass(frozen=True, slots=True)
class RedisData:
    """Keys in Redis.

    Attributes:
        pattern: the keys, with `*` for any characters.
        retention: how long a key stays.
        personal: what the keys or their values say of a person, and where; "" for nothing.
    """

    pattern: str
    retention: str
    personal: str = ""


def _triage_fields(prefix: str, names: str) -> str:
    return " ".join(f"{prefix}.{name}" for name in names.split())


_TRIAGE_TEXTS = "summary notes dropped"
_TRIAGE_OTHER = (
    "category priority skills engine confidence why_builtin stopgap second private_category model "
    "prompt ms tokens"
)
_CARD_PERSON, _CARD_OTHER = "notice to channel", "kind ts version digest"
_NEVER_DELETED = "until an operator deletes it in MongoDB"
_SETTINGS = "until an admin changes it"

COLLECTIONS: Mapping[str, StoredData] = {
    "tickets": StoredData(
        retention=_NEVER_DELETED,
        personal={
            DataKind.PERSON: (
                "key requester assignee offered_to watchers tried resolver people reports.by "
                f"history.who history.why pending.error {_triage_fields('cards', _CARD_PERSON)} "
                f"{_triage_fields('former_cards', _CARD_PERSON)}"
            ),
            DataKind.PROFILE: "reason",
            DataKind.TEXT: (
                "title description solution words similar.title similar.solution "
                f"{_triage_fields('triage', _TRIAGE_TEXTS)} {_triage_fields('said', _TRIAGE_TEXTS)}"
            ),
        },
        other=(
            "_id schema team_id number urgency confidential status rev version incident offers "
            "resolve_count opened_at archived_event_count delivered_event_count due dead lost_card "
            "set_aside.at set_aside.why similar.ticket_id reports.ticket_id history.at "
            "history.what pending.step pending.asked pending.due pending.lease pending.held "
            "pending.tries pending.attempts pending.dead_since "
            f"{_triage_fields('triage', _TRIAGE_OTHER)} {_triage_fields('said', _TRIAGE_OTHER)} "
            f"{_triage_fields('cards', _CARD_OTHER)} {_triage_fields('former_cards', _CARD_OTHER)}"
        ),
    ),
    "ticket_events": StoredData(
        retention=_NEVER_DELETED,
        personal={DataKind.PERSON: "who why"},
        other="_id team_id ticket_id number at what",
    ),
    "members": StoredData(
        retention=f"{_NEVER_DELETED}, also when the person leaves",
        personal={
            DataKind.PERSON: "_id slack_id dm_channel",
            DataKind.NAME: "name",
            DataKind.ADDRESS: "email",
            DataKind.PROFILE: (
                "tz role skills active away_until capacity trusted guest stranger by_group "
                "appointed"
            ),
        },
        other="team_id updated profiled_at",
    ),
    "lessons": StoredData(
        retention=_NEVER_DELETED,
        personal={
            DataKind.PERSON: "by",
            DataKind.TEXT: (
                f"text {_triage_fields('said', _TRIAGE_TEXTS)} "
                f"{_triage_fields('shadow', _TRIAGE_TEXTS)}"
            ),
        },
        other=(
            "_id ticket_id team_id category priority skills confidential at "
            f"{_triage_fields('said', _TRIAGE_OTHER)} {_triage_fields('shadow', _TRIAGE_OTHER)}"
        ),
    ),
    "solutions": StoredData(
        retention=_NEVER_DELETED,
        personal={DataKind.TEXT: "_id"},
        other="tickets",
    ),
    "sent": StoredData(
        retention=f"{AI_REQUEST_RETENTION.days} days",
        personal={DataKind.TEXT: "instruction text"},
        other="_id ticket_id team_id model prompt at gone_at",
    ),
    "audit": StoredData(
        retention=_NEVER_DELETED,
        personal={
            DataKind.PERSON: "who to before after",
            DataKind.PROFILE: "before after",
        },
        other="_id team_id at what via",
    ),
    "tokens": StoredData(
        retention=f"until {RECORD_RETENTION.days} days after the token expires",
        personal={DataKind.PERSON: "slack_id revoked_by", DataKind.TEXT: "name"},
        other="_id team_id scopes issued_at expires_at used_at revoked_at gone_at",
    ),
    "links": StoredData(
        retention=f"until {RECORD_RETENTION.days} days after the link expires",
        other="_id gone_at",
    ),
    "webhooks": StoredData(
        retention="until an admin removes the webhook",
        personal={DataKind.PERSON: "created_by"},
        other="_id team_id url secret events created_at",
    ),
    "deliveries": StoredData(
        retention=f"{(MAX_EVENT_AGE * 2).days} days after the last attempt",
        other=(
            "_id team_id webhook_id ticket_id type attempts outcome tried_at delivered replay_of "
            "gone_at"
        ),
    ),
    "unreadable": StoredData(
        retention="until System health finds the document repaired or gone",
        personal={DataKind.PERSON: "_id document_id"},
        other="collection reason at",
    ),
    "configurations": StoredData(
        retention=_SETTINGS,
        other=(
            "_id rev categories.name categories.description categories.keywords categories.floor "
            "categories.private skills.name skills.aliases skills.patterns welcome"
        ),
    ),
    "workspace_settings": StoredData(
        retention=_SETTINGS,
        # A setting is about the workspace. One about a person belongs into their member.
        other=" ".join(["_id", "taken_over", *WorkspaceSettings.model_fields]),
    ),
    "counters": StoredData(retention=_NEVER_DELETED, other="_id last at version"),
    "alarms": StoredData(retention="until the failed steps are replayed", other="_id ticket_id"),
    "migrations": StoredData(retention=_NEVER_DELETED, other="_id version after is_done"),
}

# The keys of arq that hold a job's arguments: the text of a dry run, or the id of a ticket.
_JOB_RETENTION = "until a worker has run the job; for a dry run at most 20 seconds"
REDIS_KEYS = (
    RedisData("arq:job:*", _JOB_RETENTION, "the text of a dry run"),
    RedisData("arq:result:*", "10 seconds for a dry run", "the text and triage of a dry run"),
    RedisData("arq:*", "until the job has run; the heartbeat of workers for some seconds"),
    RedisData("drawn:*", "10 minutes", "the id of direct messages with a person"),
    RedisData("gate:line:to:*", "some seconds", "the id of direct messages with a person"),
    RedisData("gate:place:to:*", "2 minutes", "the id of direct messages with a person"),
    RedisData("gate:passed:to:*", "some seconds", "the id of direct messages with a person"),
    RedisData("gate:*", "10 minutes, or as long as a service asks for a pause"),
    RedisData("spent:*", "until midnight (UTC)"),
)
_OUTSIDE = (
    "Slack has the messages of Frontdesk: cards, names, texts. Slack's own retention applies.",
    "The mail server gets the e-mails to assignees; those about confidential tickets have no text.",
    "Gemini gets redacted texts of tickets and examples: `sent` has each of them word for word.",
    "Webhooks and readers of the API get events and tickets.",
    "Logs and metrics have ids of tickets and people, and no texts. Their retention is yours.",
)


def render_page() -> str:
    """The Markdown of docs/personal-data.md."""
    return "\n".join(
        [
            "# Personal data",
            "",
            "Where Frontdesk stores data about people, and how long. Operators need this to answer "
            "requests for access and deletion.",
            "`.venv/bin/python -m models.personal_data` prints this page; a test compares it.",
            "",
            "## MongoDB",
            "",
            "| collection | personal data | fields |",
            "|---|---|---|",
            *_field_rows(),
            "",
            "| collection | a document stays |",
            "|---|---|",
            *(f"| `{name}` | {data.retention} |" for name, data in COLLECTIONS.items()),
            "",
            "## Redis",
            "",
            "| keys | personal data | a key stays |",
            "|---|---|---|",
            *(
                f"| `{one.pattern}` | {one.personal or 'none'} | {one.retention} |"
                for one in REDIS_KEYS
            ),
            "",
            "## Outside",
            "",
            *(f"- {line}" for line in _OUTSIDE),
            "",
        ]
    )


def _field_rows() -> Iterator[str]:
    for name, data in COLLECTIONS.items():
        for kind, fields in data.personal.items():
            listed = ", ".join(f"`{one}`" for one in fields.split())
            yield f"| `{name}` | {kind} | {listed} |"
        if not data.personal:
            yield f"| `{name}` | none | |"


if __name__ == "__main__":
    print(render_page(), end="")
