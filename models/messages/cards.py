"""The cards that people get about a ticket, rendered from the ticket alone as Block Kit.

Texts that people or models wrote stand in rich text, because Slack never parses it: they cannot
become a mention, a link or formatting
(https://docs.slack.dev/reference/block-kit/blocks/rich-text-block).
"""

import json
from dataclasses import dataclass
from hashlib import sha256

from models.messages.block_kit import (
    Block,
    RichText,
    actions,
    context_line,
    emoji_element,
    quote,
    rich_text,
    section,
    text_element,
)
from models.messages.buttons import button_element, card_buttons
from models.messages.texts import (
    PRIORITY_EMOJI,
    moderator_status_line,
    next_action_line,
    status_line,
)
from models.text import clip, escape, join_names_briefly, mention, slack_date
from models.tickets.action import Button
from models.tickets.card_list import needed_cards
from models.tickets.incident import reporter_count
from models.tickets.ticket import Card, CardKind, Status, Ticket
from models.triage.result import Triage

# A card shows the start of each similar ticket's solution; that ticket's own card shows all of it.
_MAX_SOLUTION_LENGTH = 300


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """A message for Slack: a text for notifications and screen readers, and the blocks.

    Attributes:
        text: mrkdwn, already escaped.
    """

    text: str
    blocks: list[Block]

    @property
    def digest(self) -> str:
        """A hash that is equal for messages that look the same."""
        content = json.dumps([self.text, self.blocks], sort_keys=True)
        return sha256(content.encode()).hexdigest()[:16]


def render_card(ticket: Ticket, kind: CardKind, *, viewer: str) -> SlackMessage:
    """The card of this kind for this person, as the ticket is now."""
    if (kind, viewer) not in needed_cards(ticket):
        return _retired_message(ticket, kind)
    match kind:
        case CardKind.REQUESTER:
            return requester_card(ticket)
        case CardKind.MODERATOR:
            return moderator_card(ticket, viewer=viewer)
        case CardKind.RESOLVED:
            return resolved_card(ticket)
        case CardKind.WATCHER:
            return watcher_card(ticket, viewer=viewer)


def retired_card(ticket: Ticket, card: Card) -> SlackMessage:
    """The last content of a card that does not follow the ticket any more."""
    if (card.kind, card.to) not in needed_cards(ticket):
        return _retired_message(ticket, card.kind)
    line = f"There is a newer message about {ticket.id} below."
    return SlackMessage(text=line, blocks=[section(line)])


def _retired_message(ticket: Ticket, kind: CardKind) -> SlackMessage:
    """A message without buttons; it stays true whatever happens to the ticket."""
    match kind:
        case CardKind.WATCHER:
            line = f"You don't watch {ticket.id} any more."
        case CardKind.RESOLVED:
            line = f"{_reopener(ticket)} reopened {ticket.id}. Your first message about it shows "
            line += "what happens next."
        case _:
            line = f"You don't have {ticket.id} any more."
    return SlackMessage(text=line, blocks=[section(line)])


def requester_card(ticket: Ticket) -> SlackMessage:
    """The requester's card: the assignee, and what happens next."""
    status = status_line(ticket, viewer=ticket.requester)
    return SlackMessage(
        text=f"{ticket.id}: {status}",
        blocks=[
            rich_text(*_title_elements(ticket)),
            section(f"*{status}*\n{next_action_line(ticket)}"),
            context_line(f"Opened {slack_date(ticket.opened_at)}"),
        ],
    )


def moderator_card(ticket: Ticket, *, viewer: str) -> SlackMessage:
    """A moderator's card: what helps to decide and to work, and the buttons."""
    status = section(f"*{moderator_status_line(ticket, viewer)}*")
    triage = ticket.triage
    blocks = [_title_with_priority(ticket), status, context_line(_facts_line(ticket))]
    blocks += _incident_blocks(ticket)
    if triage and ticket.has_uncertain_category and ticket.status is not Status.RESOLVED:
        blocks += _unsure_blocks(ticket, triage)
    if triage:
        blocks += _text_blocks(ticket, triage)
    blocks += _similar_ticket_blocks(ticket)
    blocks.append(context_line(f"Sent to you: {escape(ticket.reason)}"))
    blocks.append(actions("moves", *card_buttons(ticket, CardKind.MODERATOR, viewer)))
    heading = f"{ticket.id} from {mention(ticket.requester)}"
    return SlackMessage(text=f"{heading}: {escape(clip(ticket.title, 150))}", blocks=blocks)


def resolved_card(ticket: Ticket) -> SlackMessage:
    """The message that tells the requester that the ticket is resolved, with *Reopen*."""
    title = rich_text(*_title_elements(ticket))
    line = f"{mention(ticket.resolver or '')} resolved {ticket.id}."
    question = "Did this solve it? If it did, there is nothing to do. If not, press *Reopen*."
    if ticket.resolver == ticket.requester:
        line = f"You resolved {ticket.id}."
        question = "If it is not solved after all, press *Reopen* and somebody looks at it."
    return SlackMessage(
        text=f"{line} {question}",
        blocks=[
            title,
            section(f"*{line}*\n{question}"),
            *([quote(ticket.solution)] if ticket.solution else []),
            actions("moves", *card_buttons(ticket, CardKind.RESOLVED, ticket.requester)),
        ],
    )


def watcher_card(ticket: Ticket, *, viewer: str) -> SlackMessage:
    """A watcher's card: the status; a confidential ticket shows only its number."""
    status = status_line(ticket, viewer=viewer)
    hidden_title = f"*{ticket.id}: a confidential ticket that you watch*"
    return SlackMessage(
        text=f"{ticket.id}: {status}",
        blocks=[
            section(hidden_title) if ticket.confidential else rich_text(*_title_elements(ticket)),
            section(f"*{status}*"),
            context_line(f"You watch this ticket · opened {slack_date(ticket.opened_at)}"),
            actions("moves", *card_buttons(ticket, CardKind.WATCHER, viewer)),
        ],
    )


def _reopener(ticket: Ticket) -> str:
    slack_id = next(
        (event.who for event in reversed(ticket.history) if event.what == "reopened"),
        ticket.requester,
    )
    return "You" if slack_id == ticket.requester else mention(slack_id)


def _title_elements(ticket: Ticket) -> list[RichText]:
    mark = " · confidential" if ticket.confidential else ""
    return [
        text_element(f"{ticket.id}{mark}  ", bold=True),
        text_element(ticket.title, bold=True),
    ]


def _title_with_priority(ticket: Ticket) -> Block:
    if ticket.triage is None:
        return rich_text(*_title_elements(ticket))
    priority = ticket.triage.priority
    mark = [
        text_element("  "),
        emoji_element(PRIORITY_EMOJI[priority]),
        text_element(f" {priority.value}"),
    ]
    return rich_text(*_title_elements(ticket), *mark)


def _facts_line(ticket: Ticket) -> str:
    """The requester, the time and the category in one line (mrkdwn)."""
    facts = [mention(ticket.requester), f"opened {slack_date(ticket.opened_at)}"]
    if ticket.triage:
        facts.append(escape(ticket.triage.category))
    return " · ".join(facts)


def _unsure_blocks(ticket: Ticket, triage: Triage) -> list[Block]:
    """The question which category is right, where the engine is not sure, with its buttons."""
    if triage.second in {"", triage.category}:
        doubt = f"*Not sure that the category is {escape(triage.category)}.*"
        return [section(f":thinking_face: {doubt} If it is wrong, press *Edit triage*.")]
    either = f"{escape(triage.category)} or {escape(triage.second)}"
    choices = {Button.CHOOSE_LIKELIEST: triage.category, Button.CHOOSE_SECOND: triage.second}
    buttons = [button_element(ticket, button, clip(name, 75)) for button, name in choices.items()]
    return [
        section(f":thinking_face: *Not sure: {either}?*"),
        actions("likeliest", *buttons),
    ]


def _text_blocks(ticket: Ticket, triage: Triage) -> list[Block]:
    """The summary, the requester's own words and the notes, without empty ones."""
    blocks = [rich_text(text_element("Summary  ", bold=True), text_element(triage.summary))]
    if ticket.description:
        blocks.append(quote(ticket.description))
    if triage.notes:
        blocks.append(rich_text(text_element("Notes\n", bold=True), text_element(triage.notes)))
    return blocks


def _incident_blocks(ticket: Ticket) -> list[Block]:
    """The number of people who report the same, and who can resolve all their tickets."""
    if not ticket.incident:
        return []
    is_over = ticket.status is Status.RESOLVED
    first = ticket.incident
    text = f"{first} reports the same, as do other tickets."
    if not is_over:
        text += f" The assignee of {first} can resolve all of them."
    if ticket.reports:
        others = join_names_briefly(tuple(report.ticket_id for report in ticket.reports))
        verb = "reported" if is_over else "report"
        text = f"*{reporter_count(ticket)} people {verb} this*, also in {others}."
    return [section(f":rotating_light: {text}")]


def _similar_ticket_blocks(ticket: Ticket) -> list[Block]:
    """Resolved tickets like this one, and how they were solved."""
    if not ticket.similar:
        return []
    elements = [
        element
        for solved in ticket.similar
        for element in (
            text_element(f"\n{solved.ticket_id}  {clip(solved.title, 80)}: ", bold=True),
            text_element(clip(solved.solution, _MAX_SOLUTION_LENGTH)),
        )
    ]
    return [rich_text(text_element("Solved before", bold=True), *elements)]
