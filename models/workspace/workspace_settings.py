"""The settings of a workspace: one model, from which the form of the admins is drawn.

To add a setting, add a field with its `SettingField`, and the code that obeys it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Template
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict

from models.triage.priority_rules import PriorityRule, parse_rules

# A shadow prompt must say where these stand.
PROMPT_VARIABLES = frozenset({"fence", "examples", "categories"})
# https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element
MAX_TEXT_LENGTH = 3000
_HOST_PATTERN = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


class SettingKind(StrEnum):
    """The kind of input that a setting has in the form."""

    ACCESS = "access"
    USER_GROUP = "user group"
    LINE = "line"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class SettingField:
    """The input of one setting.

    Attributes:
        parse: the value of a typed text; raises ValueError with a sentence for the admin.
        to_text: the text of a value, as an admin types it.
        variable: the environment variable that the setting replaces; "" for none.
    """

    label: str
    hint: str
    kind: SettingKind
    parse: Callable[[str], Any] = str.strip
    to_text: Callable[[Any], str] = str
    variable: str = ""


def _rules_to_text(rules: tuple[PriorityRule, ...]) -> str:
    return ", ".join(f"{key}={priority}" for key, priority in rules)


def _parse_hosts(line: str) -> tuple[str, ...]:
    hosts = tuple(part.strip().lower() for part in line.split(",") if part.strip())
    for host in hosts:
        if not _HOST_PATTERN.fullmatch(host):
            raise ValueError(f"{host!r} is not a host name, such as wiki.example.com")
    return hosts


def parse_prompt(text: str) -> str:
    """The text of a shadow prompt, without surrounding spaces; "" for none.

    Raises:
        ValueError: it lacks a variable such as $fence, or cannot be filled in.
    """
    template = Template(text.strip())
    if not template.template:
        return ""
    if not template.is_valid():
        raise ValueError("write $$ for a dollar sign in the prompt")
    variables = set(template.get_identifiers())
    if missing := PROMPT_VARIABLES - variables:
        raise ValueError(f"the prompt must contain ${min(missing)}")
    if unknown := variables - PROMPT_VARIABLES:
        raise ValueError(f"the prompt has an unknown variable: ${min(unknown)}")
    return template.template


class WorkspaceSettings(BaseModel):
    """The settings of one workspace.

    Attributes:
        guests: whether guests of the workspace may use Frontdesk.
        strangers: whether people of other workspaces may; they share a channel by Slack Connect.
        moderators: id of the Slack user group whose members are moderators; "" for none.
        floor_words: minimum priorities by words in a ticket's text.
        floor_groups: minimum priorities by the requester's Slack user group.
        allowed_link_hosts: hosts that Gemini's notes may link to.
        shadow_prompt: the text of the shadow prompt; "" for none.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    guests: Annotated[bool, SettingField("Guests of this workspace", "", SettingKind.ACCESS)] = True
    strangers: Annotated[
        bool,
        SettingField(
            "People of other workspaces",
            "People who share a Slack Connect channel with you. They have the rights of guests.",
            SettingKind.ACCESS,
        ),
    ] = False
    moderators: Annotated[
        str,
        SettingField(
            "User group of moderators",
            "Members of the group are moderators while they are in it, unless they have another "
            "role.",
            SettingKind.USER_GROUP,
        ),
    ] = ""
    floor_words: Annotated[
        tuple[PriorityRule, ...],
        SettingField(
            "Minimum priorities by words",
            "For example: production is down=urgent, payroll=high",
            SettingKind.LINE,
            parse=parse_rules,
            to_text=_rules_to_text,
            variable="FLOOR_WORDS",
        ),
    ] = ()
    floor_groups: Annotated[
        tuple[PriorityRule, ...],
        SettingField(
            "Minimum priorities by user group",
            "By the requester's Slack user group, for example: S012ABCDEF=high",
            SettingKind.LINE,
            parse=parse_rules,
            to_text=_rules_to_text,
            variable="FLOOR_GROUPS",
        ),
    ] = ()
    allowed_link_hosts: Annotated[
        tuple[str, ...],
        SettingField(
            "Hosts that notes may link to",
            "Links to all other hosts are removed from Gemini's notes. Separate hosts by commas.",
            SettingKind.LINE,
            parse=_parse_hosts,
            to_text=", ".join,
            variable="ALLOWED_LINK_HOSTS",
        ),
    ] = ()
    shadow_prompt: Annotated[
        str,
        SettingField(
            "Shadow prompt",
            "A prompt that is tested on tickets that moderators have judged. Its answers are not "
            "shown; Triage accuracy reports how many were right. Use $fence, $examples and "
            f"$categories in it, and at most {MAX_TEXT_LENGTH:,} characters.",
            SettingKind.TEXT,
            parse=parse_prompt,
            variable="GEMINI_SHADOW_PROMPT",
        ),
    ] = ""

    @property
    def may_exclude_earlier_requesters(self) -> bool:
        """Whether somebody who could open tickets once may be excluded now."""
        return not self.guests or ("strangers" in self.model_fields_set and not self.strangers)

    def refusal(self, *, guest: bool, stranger: bool) -> str:
        """Why the guest policy excludes such a person (mrkdwn); "" if it admits them."""
        if stranger and not self.strangers:
            return (
                "Frontdesk is not open to people of other workspaces. "
                "An admin can change the guest policy."
            )
        if guest and not stranger and not self.guests:
            return (
                "Frontdesk is only open to full members of the workspace, and you are a guest. "
                "An admin can change the guest policy."
            )
        return ""


# Used when the stored settings are invalid: they admit neither guests nor other workspaces.
DENY_GUESTS = WorkspaceSettings(guests=False)


def setting_fields() -> Mapping[str, SettingField]:
    """The input of each setting, by the name of its field."""
    return {
        name: next(one for one in info.metadata if isinstance(one, SettingField))
        for name, info in WorkspaceSettings.model_fields.items()
    }
