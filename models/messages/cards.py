"""The messages people get about a ticket, drawn from the ticket alone as Block Kit.

What people and models wrote stands in rich text, which Slack never parses, so that nothing typed
becomes a mention, a link or formatting (https://docs.slack.dev/reference/block-kit/blocks/rich-text-block).
"""

import json
from dataclasses import dataclass
from hashlib import sha256

from models.messages import block_kit
from models.messages.block_kit import context_line, quote, rich_text, section, text_element
from models.messages.buttons import Button
from models.messages.texts import (
    PRIORITY_MARKS,
    moderator_status_line,
    next_action_line,
    status_line,
    triage_line,
)
from models.text import clip, escape, join_names, join_names_briefly, mention, slack_date
from models.tickets.incident import reporter_count
from models.tickets.ticket import CardKind, Status, Ticket
from models.triage.result import Triage

Block = block_kit.Block
# Of each solution; all of it stands on the ticket that it is of.
_MAX_SOLUTION_LENGTH = 300


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """What Slack is sent: a text for notifications and screen readers, and the blocks.

    Attributes:
        text: mrkdwn, already escaped.
    """

    text: str
    blocks: list[Block]

    @property
    def digest(self) -> str:
        """The same for messages that look the same."""
        drawn = json.dumps([self.text, self.blocks], sort_keys=True)
        return sha256(drawn.encode()).hexdigest()[:16]


def render_card(ticket: Ticket, kind: CardKind, *, viewer: str) -> SlackMessage:
    """The message of that kind for that person, as the ticket is now."""
    match kind:
        case CardKind.REQUESTER:
            return requester_card(ticket)
        case CardKind.MODERATOR:
            return moderator_card(ticket, viewer=viewer)
        case CardKind.RESOLVED:
            return resolved_card(ticket)
        case CardKind.WATCHER:
            return watcher_card(ticket, viewer=viewer)


def requester_card(ticket: Ticket) -> SlackMessage:
    """The requester's card: who has the ticket, and what happens next."""
    return SlackMessage(
        text=f"{ticket.id}: {status_line(ticket)}",
        blocks=[
            _title(ticket),
            section(f"*{status_line(ticket)}*\n{next_action_line(ticket)}"),
            context_line(_opened_line(ticket)),
        ],
    )


def moderator_card(ticket: Ticket, *, viewer: str) -> SlackMessage:
    """A moderator's card: all that helps to decide and to work, and the buttons for them."""
    status = section(f"*{moderator_status_line(ticket, viewer)}*")
    if ticket.confidential and ticket.assignee != viewer:
        # Who handed it back handles it no more.
        line = f"{ticket.id}: a confidential ticket that was offered to you"
        return SlackMessage(text=line, blocks=[section(f"*{line}*"), status])
    blocks = [_title(ticket), status, *_incident_blocks(ticket)]
    if ticket.triage and ticket.has_uncertain_category and ticket.status is not Status.RESOLVED:
        blocks += _unsure_blocks(ticket, ticket.triage)
    if ticket.triage:
        blocks += [_fact_fields(ticket, ticket.triage), *_text_blocks(ticket, ticket.triage)]
    blocks += _similar_ticket_blocks(ticket)
    if ticket.assignee == viewer:
        blocks.append(context_line(f"Why you: {escape(ticket.reason)}"))
    triaged = f"Triage: {escape(triage_line(ticket))}{_correction_suffix(ticket)}"
    blocks.append(context_line(f"{_opened_line(ticket)} · {triaged}"))
    if buttons := _moderator_buttons(ticket, viewer):
        blocks.append({"type": "actions", "block_id": "moves", "elements": buttons})
    heading = f"{ticket.id} from {mention(ticket.requester)}"
    return SlackMessage(text=f"{heading}: {escape(clip(ticket.title, 150))}", blocks=blocks)


def resolved_card(ticket: Ticket) -> SlackMessage:
    """What tells the requester that the ticket is resolved, and asks whether it helped."""
    if ticket.status is not Status.RESOLVED:
        line = f"{_reopened_by(ticket)} {ticket.id} was not solved yet. {status_line(ticket)}"
        return SlackMessage(text=line, blocks=[_title(ticket), section(line)])
    line = f"{mention(ticket.resolver or '')} has resolved {ticket.id}."
    ask = "Did it help? If so, there is nothing to do. If not, reopen it and it comes back to them."
    if ticket.resolver == ticket.requester:
        line = f"You said that {ticket.id} is solved."
        ask = "If it is not after all, reopen it, and somebody looks at it."
    return SlackMessage(
        text=f"{line} {ask}",
        blocks=[
            _title(ticket),
            section(f"*{line}*\n{ask}"),
            *([quote(ticket.solution)] if ticket.solution else []),
            {
                "type": "actions",
                "block_id": "moves",
                "elements": [_button(ticket, Button.REOPEN, "Reopen")],
            },
        ],
    )


def watcher_card(ticket: Ticket, *, viewer: str) -> SlackMessage:
    """What somebody sees who watches: how the ticket goes on; of a confidential one no text."""
    if viewer not in ticket.watchers:
        line = f"You don't watch {ticket.id} any more."
        return SlackMessage(text=line, blocks=[section(line)])
    line = f"{ticket.id}: {status_line(ticket)}"
    hidden = f"*{ticket.id}: a confidential ticket that you watch*"
    stop = _button(ticket, Button.UNWATCH, "Stop watching")
    return SlackMessage(
        text=line,
        blocks=[
            section(hidden) if ticket.confidential else _title(ticket),
            section(f"*{status_line(ticket)}*"),
            context_line(f"You watch it. {_opened_line(ticket)}"),
            {"type": "actions", "block_id": "moves", "elements": [stop]},
        ],
    )


def _reopened_by(ticket: Ticket) -> str:
    by = next((e.who for e in reversed(ticket.history) if e.what == "reopened"), ticket.requester)
    return "You said" if by == ticket.requester else f"{mention(by)} said"


def _moderator_buttons(ticket: Ticket, viewer: str) -> list[Block]:
    correct = [_button(ticket, Button.CORRECT, "Correct")] if ticket.triage else []
    return _move_buttons(ticket, viewer) + correct


def _move_buttons(ticket: Ticket, viewer: str) -> list[Block]:
    mine = ticket.assignee == viewer
    match ticket.status:
        case Status.OFFERED if mine:
            return [
                _button(ticket, Button.CLAIM, "Claim", style="primary"),
                _button(ticket, Button.DECLINE, "Decline"),
            ]
        case Status.OFFERED:
            return [_button(ticket, Button.CLAIM, "Claim")]
        case Status.CLAIMED if mine:
            return [
                _button(ticket, Button.RESOLVE, "Resolve", style="primary"),
                _button(ticket, Button.RELEASE, "Release"),
                _button(ticket, Button.RESOLVE_WITH_NOTE, "Resolve with a note"),
                *([_button(ticket, Button.ANSWER_ALL, "Answer all")] if ticket.reports else []),
            ]
        case Status.RESOLVED if ticket.resolver == viewer:
            return [_button(ticket, Button.REOPEN, "Reopen")]
        case _:
            return []


def _button(ticket: Ticket, button: Button, label: str, *, style: str | None = None) -> Block:
    return {
        "type": "button",
        "action_id": button.value,
        "text": {"type": "plain_text", "text": label},
        "value": f"{ticket.id}:{ticket.version}",
        **({"style": style} if style else {}),
    }


def _title(ticket: Ticket) -> Block:
    mark = " · confidential" if ticket.confidential else ""
    return rich_text(
        text_element(f"{ticket.id}{mark}  ", bold=True), text_element(ticket.title, bold=True)
    )


def _fact_fields(ticket: Ticket, triage: Triage) -> Block:
    facts = {
        "Category": escape(triage.category),
        "Priority": PRIORITY_MARKS[triage.priority],
        "Asked by": mention(ticket.requester),
        "Skills": escape(join_names(triage.skills)),
    }
    fields = [{"type": "mrkdwn", "text": f"*{name}*\n{value}"} for name, value in facts.items()]
    return {"type": "section", "fields": fields}


def _unsure_blocks(ticket: Ticket, triage: Triage) -> list[Block]:
    """What the engine can't decide, and the buttons to decide it with."""
    if triage.second in {"", triage.category}:
        asks = f"*Not sure that it is {escape(triage.category)}.* If it is not, *Correct* it."
        return [section(f":thinking_face: {asks}")]
    either = f"{escape(triage.category)} or {escape(triage.second)}"
    choices = {Button.CHOOSE_LIKELIEST: triage.category, Button.CHOOSE_SECOND: triage.second}
    buttons = [_button(ticket, button, clip(name, 75)) for button, name in choices.items()]
    return [
        section(f":thinking_face: *Not sure: {either}?*"),
        {"type": "actions", "block_id": "likeliest", "elements": buttons},
    ]


def _correction_suffix(ticket: Ticket) -> str:
    """Who has put triage right, or confirmed it (mrkdwn)."""
    by = next((e.who for e in reversed(ticket.history) if e.what == "corrected"), "")
    judged = "Confirmed" if ticket.original_triage == ticket.triage else "Corrected"
    return f" · {judged} by {mention(by)}" if by and ticket.original_triage else ""


def _text_blocks(ticket: Ticket, triage: Triage) -> list[Block]:
    """Summary, the requester's own words, and the notes; each only when there is something."""
    told = [rich_text(text_element("Summary  ", bold=True), text_element(triage.summary))]
    if ticket.description:
        told.append(quote(ticket.description))
    if triage.notes:
        told.append(rich_text(text_element("Notes\n", bold=True), text_element(triage.notes)))
    return told


def _incident_blocks(ticket: Ticket) -> list[Block]:
    """That several people have reported the same, and who can answer them while it is open."""
    over, first = ticket.status is Status.RESOLVED, ticket.incident
    says = f"{first} says the same, as do others"
    says += "." if over else f": whoever has {first} can answer them all."
    if ticket.reports:
        also = join_names_briefly(tuple(report.ticket_id for report in ticket.reports))
        report = "reported" if over else "report"
        says = f"*{reporter_count(ticket)} people {report} this*, also in {also}."
    return [section(f":rotating_light: {says}")] if ticket.incident else []


def _similar_ticket_blocks(ticket: Ticket) -> list[Block]:
    """Solved tickets like this one, and how they were solved."""
    if not ticket.similar:
        return []
    lines = [
        part
        for one in ticket.similar
        for part in (
            text_element(f"\n{one.ticket_id}  {clip(one.title, 80)}: ", bold=True),
            text_element(clip(one.solution, _MAX_SOLUTION_LENGTH)),
        )
    ]
    return [rich_text(text_element("Solved before", bold=True), *lines)]


def _opened_line(ticket: Ticket) -> str:
    return f"Opened {slack_date(ticket.opened_at)}"
