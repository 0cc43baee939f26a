"""The cards that people get about a ticket, rendered from the ticket alone as Block Kit.

Texts that people or models wrote stand in rich text, because Slack never parses it: they cannot
become a mention, a link or formatting
(https://docs.slack.dev/reference/block-kit/blocks/rich-text-block).
"""

import json
from collections.abc import Collection
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
from models.tickets.actions import Button
from models.tickets.card_list import needed_cards
from models.tickets.field import Surface, TicketField
from models.tickets.fields import (
    CATEGORY,
    CONFIDENTIAL,
    DESCRIPTION,
    ID,
    INCIDENT,
    OPENED_AT,
    PRIORITY,
    REASON,
    REOPENER,
    REPORTS,
    REQUESTER,
    RESOLVER,
    SECOND_CATEGORY,
    SIMILAR,
    SOLUTION,
    TITLE,
)
from models.tickets.incident import reporter_count
from models.tickets.ticket import Card, CardKind, Status, Ticket
from models.tickets.visible_ticket import TextStyle, VisibleTicket, visible_ticket

# A card shows the start of each similar ticket's solution; that ticket's own card shows all of it.
_MAX_SOLUTION_LENGTH = 300
# The other facts follow these in one line.
_FACTS_WITH_PLACE = frozenset({REQUESTER, OPENED_AT, CATEGORY, PRIORITY, REASON})
_STYLE = TextStyle(person=mention, time=slack_date, text=escape)


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
        return _retired_message(ticket, kind, viewer)
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
        return _retired_message(ticket, card.kind, card.to)
    line = f"There is a newer message about {ticket.id} below."
    return SlackMessage(text=line, blocks=[section(line)])


def _retired_message(ticket: Ticket, kind: CardKind, viewer: str) -> SlackMessage:
    """A message without buttons; it stays true whatever happens to the ticket."""
    notification = ""
    match kind:
        case CardKind.WATCHER:
            line = f"You don't watch {ticket.id} any more."
        case CardKind.RESOLVED:
            visible = visible_ticket(ticket, Surface.REQUESTER_CARD, viewer=viewer)
            line = f"{_reopener(visible, viewer)} reopened {ticket.id}. "
            line += "Your first message about it shows what happens next."
            notification = _confidential_notification(ticket, f"{ticket.id} was reopened.")
        case _:
            line = f"You don't have {ticket.id} any more."
    return SlackMessage(text=notification or line, blocks=[section(line)])


def requester_card(ticket: Ticket) -> SlackMessage:
    """The requester's card: the assignee, and what happens next."""
    visible = visible_ticket(ticket, Surface.REQUESTER_CARD, viewer=ticket.requester)
    status = status_line(visible, viewer=ticket.requester)
    hidden = f"{ticket.id}: your confidential ticket is {ticket.status}."
    return SlackMessage(
        text=_confidential_notification(ticket, hidden) or f"{ticket.id}: {status}",
        blocks=[
            rich_text(*_title_elements(visible)),
            section(f"*{status}*\n{next_action_line(ticket)}"),
            context_line(_facts_line(visible)),
            # The message that the ticket is resolved shows the solution.
            *_text_blocks(visible, without={SOLUTION}),
        ],
    )


def moderator_card(ticket: Ticket, *, viewer: str) -> SlackMessage:
    """A moderator's card: what helps to decide and to work, and the buttons."""
    visible = visible_ticket(ticket, Surface.MODERATOR_CARD, viewer=viewer)
    return SlackMessage(
        text=_moderator_notification(ticket),
        blocks=[
            rich_text(*_title_elements(visible), *_priority_elements(visible)),
            section(f"*{moderator_status_line(visible, viewer)}*"),
            context_line(_facts_line(visible)),
            *_incident_blocks(ticket, visible),
            *_unsure_blocks(ticket, visible),
            *_text_blocks(visible),
            *_similar_ticket_blocks(visible),
            *_reason_blocks(visible),
            actions("moves", *card_buttons(ticket, CardKind.MODERATOR, viewer)),
        ],
    )


def resolved_card(ticket: Ticket) -> SlackMessage:
    """The message that tells the requester that the ticket is resolved, with *Reopen*."""
    visible = visible_ticket(ticket, Surface.REQUESTER_CARD, viewer=ticket.requester)
    resolver, solution = visible.get(RESOLVER), visible.get(SOLUTION)
    line = f"{mention(resolver or '')} resolved {ticket.id}."
    question = "Did this solve it? If it did, there is nothing to do. If not, press *Reopen*."
    if resolver == ticket.requester:
        line = f"You resolved {ticket.id}."
        question = "If it is not solved after all, press *Reopen* and somebody looks at it."
    hidden = f"{ticket.id}: your confidential ticket is resolved. {question}"
    return SlackMessage(
        text=_confidential_notification(ticket, hidden) or f"{line} {question}",
        blocks=[
            rich_text(*_title_elements(visible)),
            section(f"*{line}*\n{question}"),
            *([quote(solution)] if solution else []),
            actions("moves", *card_buttons(ticket, CardKind.RESOLVED, ticket.requester)),
        ],
    )


def watcher_card(ticket: Ticket, *, viewer: str) -> SlackMessage:
    """A watcher's card: the status; a confidential ticket shows only its number."""
    visible = visible_ticket(ticket, Surface.WATCHER_CARD)
    status = status_line(visible, viewer=viewer)
    hidden = f"{ticket.id}: a confidential ticket that you watch"
    return SlackMessage(
        text=_confidential_notification(ticket, hidden) or f"{ticket.id}: {status}",
        blocks=[
            section(f"*{hidden}*")
            if visible.hides_fields
            else rich_text(*_title_elements(visible)),
            section(f"*{status}*"),
            context_line(_facts_line(visible, lead="You watch this ticket")),
            *_text_blocks(visible),
            actions("moves", *card_buttons(ticket, CardKind.WATCHER, viewer)),
        ],
    )


def _confidential_notification(ticket: Ticket, text: str) -> str:
    """The text if notifications hide the ticket's fields, or ""."""
    return text if visible_ticket(ticket, Surface.NOTIFICATION).hides_fields else ""


def _moderator_notification(ticket: Ticket) -> str:
    visible = visible_ticket(ticket, Surface.NOTIFICATION)
    requester, title = visible.get(REQUESTER), visible.get(TITLE)
    if requester is None or title is None:
        return f"{ticket.id}: a confidential ticket for you"
    return f"{ticket.id} from {mention(requester)}: {escape(clip(title, 150))}"


def _reopener(visible: VisibleTicket, viewer: str) -> str:
    slack_id = visible.get(REOPENER)
    if slack_id == viewer:
        return "You"
    return mention(slack_id) if slack_id else "Somebody"


def _title_elements(visible: VisibleTicket) -> list[RichText]:
    mark = " · confidential" if visible.get(CONFIDENTIAL) else ""
    return [
        text_element(f"{visible.get(ID)}{mark}  ", bold=True),
        text_element(visible.get(TITLE) or "hidden", bold=True),
    ]


def _priority_elements(visible: VisibleTicket) -> list[RichText]:
    priority = visible.get(PRIORITY)
    if priority is None:
        return []
    emoji = emoji_element(PRIORITY_EMOJI[priority])
    return [text_element("  "), emoji, text_element(f" {priority.value}")]


def _facts_line(visible: VisibleTicket, *, lead: str = "") -> str:
    """The requester, the time, the category and all facts without a place, in one line (mrkdwn)."""
    requester, opened_at = visible.get(REQUESTER), visible.get(OPENED_AT)
    facts = [lead] if lead else []
    if requester:
        facts.append(mention(requester))
    if opened_at:
        facts.append(f"{'opened' if facts else 'Opened'} {slack_date(opened_at)}")
    if category := visible.get(CATEGORY):
        facts.append(escape(category))
    others = visible.fact_lines(_STYLE, without=_FACTS_WITH_PLACE)
    return " · ".join([*facts, *(f"{label}: {text}" for label, text in others.items())])


def _unsure_blocks(ticket: Ticket, visible: VisibleTicket) -> list[Block]:
    """The question which category is right, where the engine is not sure, with its buttons."""
    category, second = visible.get(CATEGORY), visible.get(SECOND_CATEGORY)
    if not category or not ticket.has_uncertain_category or ticket.status is Status.RESOLVED:
        return []
    if not second or second == category:
        doubt = f"*Not sure that the category is {escape(category)}.*"
        return [section(f":thinking_face: {doubt} If it is wrong, press *Edit triage*.")]
    either = f"{escape(category)} or {escape(second)}"
    choices = {Button.CHOOSE_LIKELIEST: category, Button.CHOOSE_SECOND: second}
    buttons = [button_element(ticket, button, clip(name, 75)) for button, name in choices.items()]
    return [
        section(f":thinking_face: *Not sure: {either}?*"),
        actions("likeliest", *buttons),
    ]


def _text_blocks(
    visible: VisibleTicket, *, without: Collection[TicketField[str]] = ()
) -> list[Block]:
    """The long texts; the requester's own words are a quotation without a heading."""
    return [
        quote(text)
        if field is DESCRIPTION
        else rich_text(text_element(f"{field.label}  ", bold=True), text_element(text))
        for field, text in visible.texts(without=without)
    ]


def _incident_blocks(ticket: Ticket, visible: VisibleTicket) -> list[Block]:
    """The number of people who report the same, and who can resolve all their tickets."""
    first, reports = visible.get(INCIDENT), visible.get(REPORTS)
    if not first:
        return []
    is_over = ticket.status is Status.RESOLVED
    text = f"{first} reports the same, as do other tickets."
    if not is_over:
        text += f" The assignee of {first} can resolve all of them."
    if reports:
        others = join_names_briefly(tuple(report.ticket_id for report in reports))
        verb = "reported" if is_over else "report"
        text = f"*{reporter_count(ticket)} people {verb} this*, also in {others}."
    return [section(f":rotating_light: {text}")]


def _similar_ticket_blocks(visible: VisibleTicket) -> list[Block]:
    """Resolved tickets like this one, and how they were solved."""
    similar = visible.get(SIMILAR)
    if not similar:
        return []
    elements = [
        element
        for solved in similar
        for element in (
            text_element(f"\n{solved.ticket_id}  {clip(solved.title, 80)}: ", bold=True),
            text_element(clip(solved.solution, _MAX_SOLUTION_LENGTH)),
        )
    ]
    return [rich_text(text_element(SIMILAR.label, bold=True), *elements)]


def _reason_blocks(visible: VisibleTicket) -> list[Block]:
    reason = visible.get(REASON)
    return [] if reason is None else [context_line(f"{REASON.label}: {escape(reason)}")]
