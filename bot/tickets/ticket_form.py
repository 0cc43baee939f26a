"""The form for a new ticket, and the receipt that replaces it: rendered and read."""

from bot.payload import Payload
from bot.ui.form_fields import checkbox, input_field, option, select_menu, text_input
from bot.ui.submitted_form import SubmittedForm
from bot.ui.views import form_view, page_view
from models.messages.block_kit import Block, Element, View, actions, button, divider, quote, section
from models.messages.buttons import ButtonValue
from models.messages.texts import status_line
from models.text import clip
from models.tickets.field import Surface
from models.tickets.ticket import Draft, Status, Ticket, Urgency
from models.tickets.visible_ticket import visible_ticket
from models.triage.similarity import SolvedTicket

CALLBACK = "new_ticket"
SOLVE_ACTION_ID = "that_solved_it"
TITLE, DESCRIPTION, URGENCY, CONFIDENTIAL = "title", "description", "urgency", "confidential"
# Slack's own limits: https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element
MAX_TITLE_LENGTH = 150
MAX_TEXT_LENGTH = 3000

_URGENCY_LABELS = {
    Urgency.CAN_WAIT: "It can wait",
    Urgency.SLOWED: "It slows me down",
    Urgency.BLOCKED: "I can't work",
    Urgency.MANY_BLOCKED: "Many people can't work",
}


def render(text: str = "") -> View:
    """The form; a text from the command fills in the title or the description."""
    title, description = _split_text(text)
    return form_view(
        CALLBACK,
        "New ticket",
        [
            input_field(
                TITLE,
                "Title",
                text_input(title, max_length=MAX_TITLE_LENGTH, placeholder="VPN is down"),
            ),
            input_field(
                DESCRIPTION,
                "Description",
                text_input(description, max_length=MAX_TEXT_LENGTH, multiline=True),
                optional=True,
                hint="Say what you see, since when, and what you have tried.",
            ),
            *_CHOICE_FIELDS,
        ],
        submit="Submit",
    )


def can_hold(text: str) -> bool:
    """Whether the form has room for all of this text."""
    return len(text) <= MAX_TEXT_LENGTH


def read(view: Payload, *, team_id: str, requester: str) -> Draft:
    """The ticket as the requester wrote it; its key is the view's id.

    Raises:
        InvalidInput: with a sentence for each field at fault.
    """
    form = SubmittedForm(view)
    title, description = form.text(TITLE), form.text(DESCRIPTION)
    if errors := _find_errors(title, description):
        raise form.invalid_input(errors)
    urgency = form.selected_value(URGENCY)
    return Draft(
        key=f"view:{view['id']}",
        team_id=team_id,
        requester=requester,
        title=title,
        description=description,
        urgency=Urgency(urgency) if urgency in set(Urgency) else None,
        confidential=bool(form.selected_values(CONFIDENTIAL)),
    )


def render_receipt(
    ticket: Ticket, draft: Draft, similar_solution: SolvedTicket | None = None
) -> View:
    """The modal that replaces the form: the number, the status, and a solution that may help.

    Args:
        ticket: the ticket that is stored.
        draft: the form as it was just submitted; an earlier submission may be the stored one.
        similar_solution: a similar solved ticket; the receipt shows only its solution.
    """
    state = "resolved" if ticket.status is Status.RESOLVED else "open"
    first_line = f"Your ticket *{ticket.id}* is {state}."
    if not ticket.matches(draft):
        first_line = (
            f"Your ticket *{ticket.id}* is {state}, as you sent it first. "
            "Your later changes are not in it."
        )
    is_new = ticket.status is Status.NEW
    visible = visible_ticket(ticket, Surface.REQUESTER_CARD, viewer=draft.requester)
    status = "We are finding the right person." if is_new else status_line(visible)
    status += "\nA card in your direct messages with Frontdesk always shows the status."
    blocks = [section(first_line), section(status)]
    if similar_solution:
        blocks += _similar_solution_blocks(ticket, similar_solution)
    return page_view(f"Ticket {ticket.id}", blocks)


def solved_confirmation(ticket: Ticket) -> tuple[str, ...]:
    """The sentences for a requester who has resolved the ticket from the receipt (mrkdwn)."""
    return (
        f"*{ticket.id}* is resolved. Nobody works on it any more.",
        "If it is not solved after all, reopen it from your direct messages with Frontdesk.",
    )


def _similar_solution_blocks(ticket: Ticket, similar_solution: SolvedTicket) -> list[Block]:
    value = str(ButtonValue.from_ticket(ticket))
    return [
        divider(),
        section("*This may help:* a similar ticket was solved this way."),
        quote(similar_solution.solution),
        actions(SOLVE_ACTION_ID, button(SOLVE_ACTION_ID, "That solved it", value=value)),
    ]


def _split_text(text: str) -> tuple[str, str]:
    """Title and description: one short line is a title, a longer text is a description too."""
    text = text.strip()
    if len(text) <= MAX_TITLE_LENGTH and "\n" not in text:
        return text, ""
    return clip(" ".join(text.split()), MAX_TITLE_LENGTH), text[:MAX_TEXT_LENGTH]


def _find_errors(title: str, description: str) -> dict[str, str]:
    errors = {}
    if not any(character.isalnum() for character in title):
        errors[TITLE] = "Please say in a few words what it is about."
    elif len(title) > MAX_TITLE_LENGTH:
        errors[TITLE] = (
            f"The title has {len(title)} characters; at most {MAX_TITLE_LENGTH} fit. "
            "Please move the rest into the description."
        )
    if len(description) > MAX_TEXT_LENGTH:
        errors[DESCRIPTION] = (
            f"The description has {len(description)} characters; at most {MAX_TEXT_LENGTH} fit. "
            "Please shorten it."
        )
    return errors


def _urgency_menu() -> Element:
    return select_menu(option(label, value.value) for value, label in _URGENCY_LABELS.items())


def _confidential_checkbox() -> Element:
    label = "Only you and the people who handle it can see this."
    return checkbox(label, CONFIDENTIAL, is_checked=False)


# Built once, because these fields never change and the form must open within 3 seconds.
_CHOICE_FIELDS = (
    input_field(URGENCY, "How urgent is it for you?", _urgency_menu(), optional=True),
    input_field(
        CONFIDENTIAL,
        "Confidential",
        _confidential_checkbox(),
        optional=True,
        hint="The ticket is not sent to Google's AI, and e-mails leave out its text.",
    ),
)
