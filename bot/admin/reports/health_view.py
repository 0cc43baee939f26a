"""The system health page: the results of all checks, and the failed steps with a retry button."""

from collections.abc import Iterator, Sequence

from bot.payload import Payload, action_value
from bot.ui.form_fields import option, select_menu
from bot.ui.views import page_view
from models.health import CheckResult, DeadStepGroup, HealthReport
from models.infra.document_reader import UnreadableDocument
from models.messages.block_kit import Block, Element, View, actions, button, divider, section
from models.text import clip, escape, join_names_briefly, pluralize, slack_date
from models.tickets.pending_step import Step, step_label

OPEN, RELEASE_QUARANTINED = "watch_desk", "take_up_tickets"
REPLAY_STEPS, REPLAY_TICKET_STEP = "replay_steps", "replay_step"
TITLE = "System health"
# https://docs.slack.dev/reference/block-kit/blocks/section-block
_MAX_SECTION_LENGTH = 3000
# https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element
_MAX_OPTIONS = 100


def render(report: HealthReport, *, note: str = "") -> View:
    """The page.

    Args:
        note: the result of the admin's last action (mrkdwn); empty for none.
    """
    return page_view(TITLE, _blocks(report, note))


def _blocks(report: HealthReport, note: str) -> Iterator[Block]:
    if note:
        yield section(clip(f":white_check_mark: {note}", _MAX_SECTION_LENGTH))
    result_lines = "\n".join(_result_line(result) for result in report.results)
    yield section(clip(result_lines, _MAX_SECTION_LENGTH))
    yield divider()
    if not report.dead_steps and not report.quarantined:
        yield section("Failed steps: none.")
    for group in report.dead_steps:
        yield section(clip(_dead_step_text(group), _MAX_SECTION_LENGTH))
        menus = [_ticket_menu(group)] if len(group.ticket_ids) > 1 else []
        label = step_label(group.step)
        yield _retry_row(REPLAY_STEPS, *menus, value=group.step.value, subject=label)
    if report.unreadable:
        yield section(clip(_unreadable_text(report.unreadable), _MAX_SECTION_LENGTH))
    if report.quarantined:
        ticket_ids = join_names_briefly(tuple(report.quarantined))
        yield section(
            f":warning: *Quarantined tickets:* {ticket_ids}\n"
            "Their documents cannot be read. The worker's log says why. Repair the documents in "
            "MongoDB, then press *Try again*."
        )
        yield _retry_row(RELEASE_QUARANTINED, value="all", subject="quarantined tickets")


def _result_line(result: CheckResult) -> str:
    mark = ":white_check_mark:" if result.is_ok else ":x:"
    remedy = f" → {escape(result.remedy)}" if result.remedy else ""
    name = escape(result.name[:1].upper() + result.name[1:])
    return clip(f"{mark} *{name}*: {escape(result.status)}{remedy}", 250)


def _unreadable_text(unreadable: Sequence[UnreadableDocument]) -> str:
    lines = (
        f"{escape(collection)} `{escape(str(document_id))}`: {escape(clip(reason, 200))}"
        for collection, document_id, reason in unreadable
    )
    return (
        f":warning: *Damaged documents: {len(unreadable)}.* Lists leave them out until you repair "
        "or delete them in MongoDB:\n" + "\n".join(lines)
    )


def _dead_step_text(group: DeadStepGroup) -> str:
    tickets = pluralize(len(group.ticket_ids), "ticket")
    return (
        f":x: *Failed: {step_label(group.step)}* for {tickets}, "
        f"since {slack_date(group.since)}\n{join_names_briefly(group.ticket_ids)}\n"
        f"Error of the first ticket: {escape(clip(group.reason, 300))}"
    )


def _retry_row(action_id: str, *menus: Element, value: str, subject: str) -> Block:
    label = f"Try again: {subject}"
    retry = button(action_id, "Try again", value=value, accessibility_label=label)
    return actions(f"{action_id}:{value}", retry, *menus)


def _ticket_menu(group: DeadStepGroup) -> Element:
    """A menu of the tickets, to retry a single one first."""
    options = [
        option(ticket_id, f"{group.step.value}:{ticket_id}")
        for ticket_id in group.ticket_ids[:_MAX_OPTIONS]
    ]
    return select_menu(options, action_id=REPLAY_TICKET_STEP, placeholder="Retry one ticket")


def selected_dead_step(body: Payload) -> tuple[Step, str]:
    """The step and the id of the ticket picked in the menu."""
    step, _, ticket_id = action_value(body).partition(":")
    return Step(step), ticket_id
