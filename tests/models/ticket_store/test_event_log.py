"""The event log: older events leave the ticket, and no event is lost, doubled or renumbered."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from jobs.steps.archive_events import MAX_EVENTS_PER_RUN, archive_events
from models.people.member import Member, Role
from models.services import Services
from models.ticket_store.event_log import NumberedEvent
from models.tickets.actions import ACTIONS, Verb
from models.tickets.correction import Correction, apply_correction
from models.tickets.pending_step import Step
from models.tickets.ticket import MAX_EVENTS_IN_TICKET, Draft, Ticket
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import make_triage
from tests.service_factory import run_as_worker, run_services, worker_services

BOB = Member(team_id="T1", slack_id="UBOB", role=Role.MODERATOR)
ADMIN = Member(team_id="T1", slack_id="UGRACE", role=Role.ADMIN, trusted=True)


@pytest.fixture
async def services(servers: DatabaseServers) -> AsyncIterator[Services]:
    async with run_services(servers) as services:
        yield services


async def open_ticket(services: Services, *, corrections: int) -> Ticket:
    """A triaged ticket with so many corrections, whose old events are archived after each one."""
    draft = Draft(key="view:1", team_id="T1", requester="UADA", title="VPN is down")
    ticket = await services.ticket_service.open_ticket(draft)
    ticket = await services.ticket_service.move(
        ticket.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn")
    )
    for number in range(corrections):
        correction = Correction(category=f"Category {number}")
        update = apply_correction(correction, actor=BOB, seen_version=None)
        await services.ticket_service.update_ticket(ticket.id, update)
        await archive(services, ticket)
    return (await services.tickets.get_ticket(ticket.id))[0]


async def archive(services: Services, ticket: Ticket) -> None:
    steps = {Step.ARCHIVE_EVENTS: archive_events}
    worker = worker_services(services)
    await run_as_worker(worker, steps, ticket.id, is_stopping=lambda: True)


async def test_the_newest_events_stay_in_the_ticket(services: Services) -> None:
    ticket = await open_ticket(services, corrections=30)

    assert len(ticket.history) == MAX_EVENTS_IN_TICKET
    assert ticket.event_count == 32
    assert ticket.numbered_events[0][0] == 13
    assert ticket.find_step(Step.ARCHIVE_EVENTS) is None
    events = await services.event_log.events(ticket)
    assert [number for number, _ in events] == list(range(1, 33))
    assert [event.what for _, event in events[:3]] == ["opened", "triaged", "corrected"]
    assert "Category 29" in events[-1].event.why


async def test_thousands_of_events_leave_the_ticket_in_several_writes(
    services: Services,
) -> None:
    """Releases before 0.3.0 kept all events in the ticket."""
    ticket = await open_ticket(services, corrections=0)
    count = 2 * MAX_EVENTS_PER_RUN + MAX_EVENTS_IN_TICKET + 1
    history = ticket.history[:1] * count
    await services.ticket_service.update_ticket(
        ticket.id,
        lambda current, now: current.model_copy(update={"history": history}).with_step(
            Step.ARCHIVE_EVENTS, due=now
        ),
    )

    archived_counts = []
    for _ in range(3):
        await archive(services, ticket)
        ticket, _ = await services.tickets.get_ticket(ticket.id)
        archived_counts.append(ticket.archived_event_count)

    assert archived_counts == [
        MAX_EVENTS_PER_RUN,
        2 * MAX_EVENTS_PER_RUN,
        count - MAX_EVENTS_IN_TICKET,
    ]
    assert ticket.find_step(Step.ARCHIVE_EVENTS) is None
    events = await services.event_log.events(ticket)
    assert [number for number, _ in events] == list(range(1, count + 1))


async def test_a_page_of_events_crosses_from_the_log_into_the_ticket(
    services: Services,
) -> None:
    ticket = await open_ticket(services, corrections=30)

    pages = [await services.event_log.events(ticket, after=after, limit=9) for after in (0, 9, 27)]

    assert [[number for number, _ in page] for page in pages] == [
        list(range(1, 10)),
        list(range(10, 19)),
        list(range(28, 33)),
    ]


async def test_an_event_that_was_copied_and_not_dropped_is_counted_once(
    services: Services,
) -> None:
    """A worker that dies between the two writes leaves the older events in both places."""
    ticket = await open_ticket(services, corrections=18)
    await services.ticket_service.update_ticket(
        ticket.id, apply_correction(Correction(), actor=BOB, seen_version=None)
    )
    full, _ = await services.tickets.get_ticket(ticket.id)
    older = [NumberedEvent(*one) for one in full.numbered_events[:5]]
    await services.event_log.archive(full, older)
    assert len(await services.event_log.events(full)) == full.event_count == 21

    await archive(services, full)

    after, _ = await services.tickets.get_ticket(ticket.id)
    assert len(after.history) == MAX_EVENTS_IN_TICKET
    assert await services.event_log.events(after) == await services.event_log.events(full)


async def test_the_last_event_of_a_kind_is_found_in_the_log(services: Services) -> None:
    ticket = await open_ticket(services, corrections=30)

    triaged = await services.event_log.last_event(ticket, ACTIONS[Verb.TRIAGE].event)
    corrected = await services.event_log.last_event(ticket, ACTIONS[Verb.CORRECT].event)

    assert triaged
    assert triaged.what == "triaged"
    assert corrected == ticket.history[-1]
    assert await services.event_log.last_event(ticket, "resolved") is None


async def test_the_feed_has_archived_events_once_and_in_order(services: Services) -> None:
    ticket = await open_ticket(services, corrections=30)
    earlier = {"$set": {"at": ticket.opened_at - timedelta(hours=1)}}
    await services.database.ticket_events.update_many({}, earlier)
    history = [
        event.model_copy(update={"at": event.at - timedelta(minutes=30)})
        for event in ticket.history
    ]
    await services.ticket_service.update_ticket(
        ticket.id, lambda current, _: current.model_copy(update={"history": tuple(history)})
    )
    opened_at = {"$set": {"opened_at": ticket.opened_at - timedelta(hours=1)}}
    await services.database.tickets.update_one({}, opened_at)
    # A worker that has copied an event to the log may not have dropped it yet.
    await services.event_log.archive(ticket, [NumberedEvent(13, history[0])])

    ids: list[int] = []
    page = await services.event_feed.read_page(None, ADMIN, limit=7)
    while page.events or page.has_more:
        ids += [one.cursor.event_number for one in page.events]
        page = await services.event_feed.read_page(page.next_cursor, ADMIN, limit=7)

    assert ids == list(range(1, 33))


async def test_archived_events_of_a_hidden_ticket_are_not_in_the_feed(
    services: Services,
) -> None:
    ticket = await open_ticket(services, corrections=30)
    earlier = {"$set": {"at": ticket.opened_at - timedelta(hours=1)}}
    await services.database.ticket_events.update_many({}, earlier)
    opened_at = ticket.opened_at - timedelta(hours=1)
    hidden = {"$set": {"opened_at": opened_at, "confidential": True}}
    await services.database.tickets.update_one({}, hidden)

    untrusted = ADMIN.model_copy(update={"trusted": False})
    page = await services.event_feed.read_page(None, untrusted, limit=99)
    full_page = await services.event_feed.read_page(None, ADMIN, limit=99)

    assert page.events == []
    assert len(full_page.events) == 12
