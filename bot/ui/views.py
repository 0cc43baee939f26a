"""The kinds of modals: a form, a page, a notice, and the page that stands in while one loads."""

from collections.abc import Iterable

from models.messages.block_kit import Block, View, plain_text, section
from models.messages.buttons import ButtonValue
from models.tickets.ticket import Ticket


def form_view(
    callback_id: str,
    title: str,
    blocks: Iterable[Block],
    *,
    submit: str,
    close: str = "Cancel",
    ticket: Ticket | None = None,
) -> View:
    """A modal with a form.

    Args:
        callback_id: the id by which the listener of the submitted form is registered.
        ticket: the ticket that the form is about; `SubmittedForm.ticket` names it and its version.
    """
    metadata = str(ButtonValue.from_ticket(ticket)) if ticket else ""
    return View(
        {
            **page_view(title, blocks, metadata=metadata),
            "callback_id": callback_id,
            "submit": plain_text(submit),
            "close": plain_text(close),
        }
    )


def page_view(
    title: str, blocks: Iterable[Block], *, metadata: str = "", external_id: str = ""
) -> View:
    """A modal that only shows something.

    Args:
        metadata: comes back as `private_metadata` with each click on the page.
        external_id: an id of our own, by which the page can be replaced.
    """
    return View(
        {
            "type": "modal",
            "title": plain_text(title),
            "close": plain_text("Close"),
            "blocks": list(blocks),
            **({"private_metadata": metadata} if metadata else {}),
            **({"external_id": external_id} if external_id else {}),
        }
    )


def notice_view(*sentences: str, title: str = "Frontdesk") -> View:
    """A modal with a message only, such as a receipt or a refusal (mrkdwn, already escaped)."""
    return page_view(title, map(section, sentences))


def loading_view(title: str) -> View:
    """The modal that stands in until the content is ready."""
    return notice_view(
        "One moment … If nothing appears within a minute, close this page and try again.",
        title=title,
    )
