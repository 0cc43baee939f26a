"""A message draft: the message fields that the app sent, checked as Slack checks them."""

import json
from dataclasses import dataclass, field

from sandbox.slack.blockkit import MAX_MESSAGE_CHARACTERS, check_message, count_characters
from sandbox.slack.content.stored_blocks import with_ids_and_defaults
from sandbox.slack.primitives.errors import SlackError, invalid_blocks
from sandbox.slack.primitives.json_types import Json, to_json

# limits.md, row 38. Slack publishes no limit for metadata; 8,000 is our assumption.
MAX_TEXT_CHARACTERS = 40_000
MAX_UPDATE_TEXT_CHARACTERS = 4_000
MAX_ATTACHMENTS = 100
MAX_METADATA_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True)
class MessageDraft:
    """The message fields of a request; None means that an update keeps the old value."""

    text: str | None = None
    blocks: list[Json] | None = None
    attachments: list[Json] | None = None
    metadata: Json | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.text or self.blocks or self.attachments)


def parse_draft(fields: Json) -> MessageDraft:
    """Return the checked message fields of a request.

    Raises:
        SlackError: invalid_blocks, invalid_metadata_format and other Web API errors.
    """
    text = fields.get("text")
    blocks = _parse_blocks(fields.get("blocks"))
    attachments = _parse_attachments(fields.get("attachments"))
    warnings = []
    if text is not None and len(str(text)) > MAX_TEXT_CHARACTERS:
        warnings.append("message_truncated")
    if not text and (blocks or attachments):
        # Slack allows it, but screen readers and notifications then have no text.
        warnings.append("missing_text_in_message")
    return MessageDraft(
        text=None if text is None else str(text)[:MAX_TEXT_CHARACTERS],
        blocks=blocks,
        attachments=attachments,
        metadata=_parse_metadata(fields.get("metadata")),
        warnings=warnings,
    )


def parse_json_value(value: object, *, error: str) -> object:
    """Return a JSON value: forms carry it as text, JSON bodies as the value itself."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise SlackError(error) from None


def _parse_blocks(raw: object) -> list[Json] | None:
    if raw is None or raw == "":
        return None
    blocks = parse_json_value(raw, error="invalid_blocks_format")
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    # An empty list removes the blocks of a message (chat.update).
    if blocks and (problems := check_message(blocks)):
        raise invalid_blocks(problems)
    if count_characters(blocks) > MAX_MESSAGE_CHARACTERS:
        raise SlackError("msg_blocks_too_long")
    return with_ids_and_defaults(blocks)


def _parse_attachments(raw: object) -> list[Json] | None:
    if raw is None or raw == "":
        return None
    attachments = parse_json_value(raw, error="invalid_attachments")
    if not isinstance(attachments, list):
        raise SlackError("invalid_attachments")
    if len(attachments) > MAX_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    numbered = enumerate(attachments, start=1)
    return [_complete_attachment(number, attachment) for number, attachment in numbered]


def _complete_attachment(number: int, attachment: Json) -> Json:
    blocks = _parse_blocks(attachment.get("blocks"))
    stored = {"id": number, "fallback": "[no preview available]", **attachment}
    return stored | ({"blocks": blocks} if blocks else {})


def _parse_metadata(raw: object) -> Json | None:
    if raw is None or raw == "":
        return None
    metadata = parse_json_value(raw, error="invalid_metadata_format")
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format")
    if metadata == {}:
        return {}
    event_type = metadata.get("event_type")
    if not isinstance(event_type, str) or not event_type:
        raise SlackError("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_schema")
    if len(to_json(metadata)) > MAX_METADATA_CHARACTERS:
        raise SlackError("metadata_too_large")
    return metadata
