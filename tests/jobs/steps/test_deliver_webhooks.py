"""Webhook deliveries: each event once, signed, in order, and never to an internal address."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from hashlib import sha256
from ipaddress import ip_address
from typing import Any, Self

import pytest
from aiohttp import web

from jobs.outbox.http_post import is_public, post
from jobs.steps.deliver_webhooks import deliver_webhooks
from models.clock import utc_now
from models.errors import InvalidInput, OutcomeUnknown, PermanentFailure, RetryLater
from models.people.member import Member, Role
from models.services import Services
from models.tickets.actions import Verb
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Ticket
from models.webhooks.store import MAX_WEBHOOKS
from models.webhooks.webhook import Webhook, validate_url
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import make_triage
from tests.service_factory import attempt_step, run_services


class Receiver:
    """An HTTP server that records deliveries. It answers 200 unless `answers` says otherwise."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[web.Response | None] = []
        self.url = ""
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def types(self) -> list[str]:
        """The types of the received events, in order."""
        return [json.loads(body)["type"] for _, body in self.requests]

    @property
    def ids(self) -> list[str]:
        return [headers["Frontdesk-Delivery"] for headers, _ in self.requests]

    async def _handle(self, request: web.Request) -> web.Response:
        self.requests.append((dict(request.headers), await request.read()))
        await self.may_answer.wait()
        answer = self.answers.pop(0) if self.answers else web.Response()
        if answer is None:
            assert request.transport
            request.transport.abort()
        return answer or web.Response()


@pytest.fixture(scope="module")
async def services(servers: DatabaseServers) -> AsyncIterator[Services]:
    """A service that allows webhooks to this machine."""
    async with run_services(servers, webhook_private=True) as services:
        yield services


@pytest.fixture
async def receiver(services: Services) -> AsyncIterator[Receiver]:
    """A receiver, in a workspace without webhooks."""
    await services.database.webhooks.delete_many({})
    async with Receiver() as receiver:
        yield receiver


async def make_admin(services: Services) -> Member:
    return await services.members.set_role("T1", "UBOSS", role=Role.ADMIN)


async def add_webhook(services: Services, receiver: Receiver, *events: str) -> Webhook:
    return await services.webhooks.add(await make_admin(services), url=receiver.url, events=events)


_KEYS = iter(range(1_000_000))


async def open_ticket(services: Services, **fields: Any) -> Ticket:
    """A new ticket of Ada's. The update adds the delivery step, as a worker's first write does."""
    defaults = {"title": "VPN is down", "description": "every morning", "requester": "UADA"}
    draft = Draft(key=f"view:hook{next(_KEYS)}", team_id="T1", **defaults | fields)
    ticket = await services.ticket_service.open_ticket(draft)
    return await services.ticket_service.update_ticket(ticket.id, lambda current, _now: current)


async def triage_ticket(services: Services, ticket: Ticket) -> Ticket:
    triage = make_triage("vpn", summary="secret summary")
    return await services.ticket_service.move(ticket.id, Verb.TRIAGE, actor=None, triage=triage)


async def run_delivery(services: Services, ticket: Ticket) -> Ticket:
    """Run the delivery step as if it were due, and return the ticket after it."""
    await services.database.tickets.update_one(
        {"_id": ticket.id},
        {"$set": {"pending.$[one].due": utc_now()}, "$inc": {"rev": 1}},
        array_filters=[{"one.step": Step.DELIVER_WEBHOOKS.value, "one.due": {"$ne": None}}],
    )
    await attempt_step(services, Step.DELIVER_WEBHOOKS, deliver_webhooks, ticket.id)
    return (await services.tickets.get_ticket(ticket.id))[0]


async def test_each_event_is_delivered_once_and_signed(
    services: Services, receiver: Receiver
) -> None:
    webhook = await add_webhook(services, receiver)
    ticket = await triage_ticket(services, await open_ticket(services))

    after = await run_delivery(services, ticket)
    assert after.find_step(Step.DELIVER_WEBHOOKS) is None
    assert receiver.types == ["ticket.opened", "ticket.triaged"]
    offer = await services.ticket_service.move(
        ticket.id, Verb.OFFER, actor=None, assignee="UBOB", offers=1
    )
    await run_delivery(services, offer)
    assert receiver.types == ["ticket.opened", "ticket.triaged", "ticket.offered"]
    assert len(set(receiver.ids)) == 3

    headers, body = receiver.requests[-1]
    event = json.loads(body)
    assert (event["id"], event["at"]) == (f"{ticket.id}.3", offer.history[-1].at.isoformat())
    assert event["ticket"]["status"] == "offered"
    assert (event["ticket"]["title"], event["ticket"]["category"]) == ("VPN is down", "Network")
    signed_bytes = headers["Frontdesk-Timestamp"].encode() + b"." + body
    mac = hmac.new(webhook.secret.get_secret_value().encode(), signed_bytes, sha256).hexdigest()
    assert headers["Frontdesk-Signature"] == f"v1={mac}"
    assert abs(int(headers["Frontdesk-Timestamp"]) - utc_now().timestamp()) < 60


async def test_no_delivery_step_without_webhooks(services: Services, receiver: Receiver) -> None:
    ticket = await triage_ticket(services, await open_ticket(services))

    assert ticket.find_step(Step.DELIVER_WEBHOOKS) is None


async def test_webhook_gets_only_later_events_of_its_types(
    services: Services, receiver: Receiver
) -> None:
    ticket = await triage_ticket(services, await open_ticket(services))
    await add_webhook(services, receiver, "opened", "offered")
    await services.ticket_service.move(ticket.id, Verb.OFFER, actor=None, assignee="UBOB", offers=1)
    await services.ticket_service.move(ticket.id, Verb.UNASSIGN, actor=None)

    await run_delivery(services, ticket)

    assert receiver.types == ["ticket.offered"]


async def test_delivery_about_confidential_ticket_has_no_text(
    services: Services, receiver: Receiver
) -> None:
    await add_webhook(services, receiver)
    ticket = await open_ticket(services, title="Harassment by X", confidential=True)

    await run_delivery(services, await triage_ticket(services, ticket))

    assert len(receiver.requests) == 2
    for _, body in receiver.requests:
        for hidden in (b"Harassment", b"every morning", b"secret", b"Network", b"UADA"):
            assert hidden not in body


@pytest.mark.parametrize("answer", [web.Response(status=503), web.Response(status=429), None])
async def test_failed_delivery_is_repeated_with_the_same_id(
    services: Services, receiver: Receiver, answer: web.Response | None
) -> None:
    webhook = await add_webhook(services, receiver)
    ticket = await triage_ticket(services, await open_ticket(services))
    receiver.answers = [web.Response(), answer]

    failed = await run_delivery(services, ticket)
    pending = failed.find_step(Step.DELIVER_WEBHOOKS)
    assert pending
    assert (pending.attempts, bool(pending.due)) == (1, True)
    await run_delivery(services, ticket)

    first, second, repeated = receiver.ids
    assert repeated == second != first
    log = {
        delivery.id: delivery
        for delivery in await services.webhooks.recent_deliveries("T1", webhook.id)
    }
    assert (log[first].attempts, log[second].attempts) == (1, 2)
    assert all(delivery.delivered for delivery in log.values())


async def test_refused_delivery_is_dead_and_blocks_no_other_event(
    services: Services, receiver: Receiver
) -> None:
    webhook = await add_webhook(services, receiver)
    ticket = await triage_ticket(services, await open_ticket(services))
    receiver.answers = [web.Response(status=400)]

    step = (await run_delivery(services, ticket)).find_step(Step.DELIVER_WEBHOOKS)

    assert receiver.types == ["ticket.opened", "ticket.triaged"]
    assert step
    assert (bool(step.dead_since), step.error) == (
        True,
        "PermanentFailure: the receiver answered 400",
    )
    log = await services.webhooks.recent_deliveries("T1", webhook.id)
    assert sorted(delivery.outcome for delivery in log) == [
        "the receiver answered 200",
        "the receiver answered 400",
    ]

    await services.ticket_service.replay_step(ticket.id, Step.DELIVER_WEBHOOKS)
    assert (await run_delivery(services, ticket)).find_step(Step.DELIVER_WEBHOOKS) is None
    assert receiver.types == ["ticket.opened", "ticket.triaged", "ticket.opened"]


async def test_broken_webhook_delays_no_other_webhook(
    services: Services, receiver: Receiver
) -> None:
    async with Receiver() as broken:
        broken_webhook = await add_webhook(services, broken)
        await add_webhook(services, receiver)
        broken.answers = [None] * 20
        for _ in range(6):
            ticket = await open_ticket(services)
            await run_delivery(services, ticket)

        assert receiver.types == ["ticket.opened"] * 6
        # The circuit breaker is open, and that uses no attempt.
        assert len(broken.requests) == 5
        step = (await services.tickets.get_ticket(ticket.id))[0].find_step(Step.DELIVER_WEBHOOKS)
        assert step
        assert (step.attempts, step.tries) == (0, 0)
        log = await services.webhooks.recent_deliveries("T1", broken_webhook.id)
        assert len(log) == 5


async def test_retry_for_one_webhook_comes_before_dead_step(
    services: Services, receiver: Receiver
) -> None:
    async with Receiver() as strict:
        for target, status in ((strict, 404), (receiver, 503)):
            await add_webhook(services, target)
            target.answers = [web.Response(status=status)]
        ticket = await open_ticket(services)
        receiver.may_answer.clear()

        async with services.database.deliveries.watch() as changes:
            delivery = asyncio.create_task(run_delivery(services, ticket))
            await changes.next()
        receiver.may_answer.set()

        pending = (await delivery).find_step(Step.DELIVER_WEBHOOKS)
        assert pending
        assert (pending.error, pending.dead_since) == (
            "RetryLater: the receiver answered 503",
            None,
        )
        assert (await run_delivery(services, ticket)).find_step(Step.DELIVER_WEBHOOKS) is None
        assert len(strict.requests) == len(receiver.requests) == 2


async def test_delivery_is_resent_on_request(services: Services, receiver: Receiver) -> None:
    webhook = await add_webhook(services, receiver)
    admin = await make_admin(services)
    ticket = await triage_ticket(services, await open_ticket(services))
    await run_delivery(services, ticket)

    other_team_admin = admin.model_copy(update={"team_id": "T2"})
    assert not await services.webhook_admin.redeliver(
        webhook.id, receiver.ids[0], actor=other_team_admin
    )
    assert not await services.webhook_admin.redeliver(webhook.id, "no such", actor=admin)
    assert await services.webhook_admin.redeliver(webhook.id, receiver.ids[0], actor=admin)
    await run_delivery(services, ticket)

    first, second, repeated = receiver.ids
    assert repeated == first != second


async def test_deleted_webhook_gets_nothing(services: Services, receiver: Receiver) -> None:
    webhook = await add_webhook(services, receiver)
    ticket = await open_ticket(services)

    assert not await services.webhooks.remove("T2", webhook.id)
    assert await services.webhooks.remove("T1", webhook.id)

    assert (await run_delivery(services, ticket)).find_step(Step.DELIVER_WEBHOOKS) is None
    assert receiver.requests == []


async def test_number_of_webhooks_is_limited(services: Services, receiver: Receiver) -> None:
    for _ in range(MAX_WEBHOOKS):
        await add_webhook(services, receiver)

    with pytest.raises(InvalidInput, match="Remove one"):
        await add_webhook(services, receiver)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]"])  # noqa: S104
async def test_post_to_internal_address_is_refused(receiver: Receiver, host: str) -> None:
    url = receiver.url.replace("127.0.0.1", host)

    with pytest.raises(PermanentFailure, match="not public"):
        await post(url, b"{}", {}, allow_private=False)

    assert receiver.requests == []


async def test_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.answers = [web.Response(status=307, headers={"Location": receiver.url})]

    with pytest.raises(PermanentFailure, match="307"):
        await post(receiver.url, b"{}", {}, allow_private=True)

    assert len(receiver.requests) == 1


async def test_retry_after_header_is_obeyed_up_to_a_limit(receiver: Receiver) -> None:
    for header, seconds in (("7", 7), ("99999999", 3600), ("soon", 0)):
        receiver.answers = [web.Response(status=429, headers={"Retry-After": header})]
        with pytest.raises(RetryLater) as raised:
            await post(receiver.url, b"{}", {}, allow_private=True)
        assert raised.value.retry_after_seconds == seconds


async def test_lost_answer_is_unknown_and_refused_connection_is_not(receiver: Receiver) -> None:
    receiver.answers = [None]
    with pytest.raises(OutcomeUnknown):
        await post(receiver.url, b"{}", {}, allow_private=True)

    with pytest.raises(RetryLater):
        await post("http://127.0.0.1:9/", b"{}", {}, allow_private=True)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),  # noqa: S104
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("::ffff:224.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_public_addresses_are_recognized(address: str, expected: bool) -> None:
    assert is_public(ip_address(address)) is expected


@pytest.mark.parametrize(
    ("url", "is_valid"),
    [
        ("https://hooks.example.com/tickets?team=1", True),
        ("https://hooks.example.com:8443/", True),
        ("http://127.0.0.1:8000/", True),
        ("http://localhost/", True),
        ("http://[::1]:8000/", True),
        ("http://hooks.example.com/", False),
        ("http://127.0.0.1.example.com/", False),
        ("https://user:word@hooks.example.com/", False),
        ("https://hooks.example.com/#x", False),
        ("https://", False),
        ("https://hooks.example.com:99999/", False),
        ("https://[::1", False),
        ("file:///etc/passwd", False),
        ("https://hooks.example.com/\r\nX: y", False),
        ("https://hooks.example.com/" + "a" * 2000, False),
        ("", False),
    ],
)
def test_webhook_url_is_validated(url: str, is_valid: bool) -> None:
    if is_valid:
        assert validate_url(url) == url
    else:
        with pytest.raises(InvalidInput):
            validate_url(url)
