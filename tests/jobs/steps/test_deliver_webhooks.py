"""Webhooks: each event once, signed, in order; not to a machine of ours; nobody waits."""

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
from jobs.runner.step_context import StepContext
from jobs.steps.deliver_webhooks import deliver_webhooks
from models.clock import utc_now
from models.errors import InvalidInput, OutcomeUnknown, PermanentFailure, RetryLater
from models.people.member import Member, Role
from models.ticket_service import TicketService
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Ticket
from models.tickets.workflow import Move
from models.webhooks.store import MAX_WEBHOOKS
from models.webhooks.webhook import Webhook, validate_url
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import make_triage
from tests.service_factory import attempt_step, run_service


class Receiver:
    """A program that is told, and answers as it is bidden: with 200 unless something else."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[web.Response | None] = []
        self.url = ""
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._hear)
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
        """What kinds of events it has heard of, in order."""
        return [json.loads(body)["type"] for _, body in self.heard]

    @property
    def ids(self) -> list[str]:
        """The ids of the deliveries it got."""
        return [headers["Frontdesk-Delivery"] for headers, _ in self.heard]

    async def _hear(self, request: web.Request) -> web.Response:
        self.heard.append((dict(request.headers), await request.read()))
        await self.may_answer.wait()
        answer = self.answers.pop(0) if self.answers else web.Response()
        if answer is None:
            assert request.transport
            request.transport.abort()
        return answer or web.Response()


@pytest.fixture(scope="module")
async def service(servers: DatabaseServers) -> AsyncIterator[TicketService]:
    """A desk of its own, whose webhooks may go to this machine."""
    async with run_service(servers, webhook_private=True) as service:
        yield service


@pytest.fixture
async def receiver(service: TicketService) -> AsyncIterator[Receiver]:
    """Somebody who listens; no webhooks are left over from other tests."""
    await service.database.webhooks.delete_many({})
    async with Receiver() as receiver:
        yield receiver


async def boss(service: TicketService) -> Member:
    """An admin."""
    return await service.members.set_role("T1", "UBOSS", role=Role.ADMIN)


async def hooked(service: TicketService, receiver: Receiver, *events: str) -> Webhook:
    """The receiver's webhook."""
    return await service.webhooks.add(await boss(service), url=receiver.url, events=events)


_KEYS = iter(range(1_000_000))


async def opened(service: TicketService, **fields: Any) -> Ticket:
    """A ticket of Ada's, just opened, and seen by a worker for the first time."""
    wanted = {"title": "VPN is down", "description": "every morning", "requester": "UADA"}
    draft = Draft(key=f"view:hook{next(_KEYS)}", team_id="T1", **wanted | fields)
    ticket = await service.open_ticket(draft)
    return await service.update_ticket(ticket.id, lambda seen, _now: seen)


async def triaged(service: TicketService, ticket: Ticket) -> Ticket:
    """The ticket after its triage."""
    said = make_triage("vpn", summary="secret summary")
    return await service.move(ticket.id, Move.TRIAGE, actor=None, triage=said)


async def tells(service: TicketService, ticket: Ticket) -> Ticket:
    """A worker's try at the step, which is due; gives the ticket afterwards."""
    await service.database.tickets.update_one(
        {"_id": ticket.id},
        {"$set": {"pending.$[one].due": utc_now()}, "$inc": {"rev": 1}},
        array_filters=[{"one.step": Step.DELIVER_WEBHOOKS.value, "one.due": {"$ne": None}}],
    )
    await attempt_step(
        StepContext(service, None), Step.DELIVER_WEBHOOKS, deliver_webhooks, ticket.id
    )
    return (await service.tickets.get_ticket(ticket.id))[0]


async def test_each_event_is_told_once_and_signed(
    service: TicketService, receiver: Receiver
) -> None:
    hook = await hooked(service, receiver)
    ticket = await triaged(service, await opened(service))

    told = await tells(service, ticket)
    assert told.find_step(Step.DELIVER_WEBHOOKS) is None
    assert receiver.types == ["ticket.opened", "ticket.triaged"]
    offer = await service.move(ticket.id, Move.OFFER, actor=None, assignee="UBOB", offers=1)
    await tells(service, offer)
    assert receiver.types == ["ticket.opened", "ticket.triaged", "ticket.offered"]
    assert len(set(receiver.ids)) == 3

    headers, body = receiver.heard[-1]
    said = json.loads(body)
    assert (said["id"], said["at"]) == (f"{ticket.id}.3", offer.history[-1].at.isoformat())
    assert said["ticket"]["status"] == "offered"
    assert (said["ticket"]["title"], said["ticket"]["category"]) == ("VPN is down", "Network")
    signing = headers["Frontdesk-Timestamp"].encode() + b"." + body
    mac = hmac.new(hook.secret.get_secret_value().encode(), signing, sha256).hexdigest()
    assert headers["Frontdesk-Signature"] == f"v1={mac}"
    assert abs(int(headers["Frontdesk-Timestamp"]) - utc_now().timestamp()) < 60


async def test_with_no_webhooks_there_is_nothing_to_do(
    service: TicketService, receiver: Receiver
) -> None:
    ticket = await triaged(service, await opened(service))

    assert ticket.find_step(Step.DELIVER_WEBHOOKS) is None


async def test_one_that_comes_later_or_wants_less_hears_that_alone(
    service: TicketService, receiver: Receiver
) -> None:
    ticket = await triaged(service, await opened(service))
    await hooked(service, receiver, "opened", "offered")
    await service.move(ticket.id, Move.OFFER, actor=None, assignee="UBOB", offers=1)
    await service.move(ticket.id, Move.UNASSIGN, actor=None)

    await tells(service, ticket)

    assert receiver.types == ["ticket.offered"]


async def test_of_a_confidential_ticket_no_text_is_told(
    service: TicketService, receiver: Receiver
) -> None:
    await hooked(service, receiver)
    ticket = await opened(service, title="Harassment by X", confidential=True)

    await tells(service, await triaged(service, ticket))

    assert len(receiver.heard) == 2
    for _, body in receiver.heard:
        for hidden in (b"Harassment", b"every morning", b"secret", b"Network", b"UADA"):
            assert hidden not in body


@pytest.mark.parametrize("answer", [web.Response(status=503), web.Response(status=429), None])
async def test_what_was_not_taken_is_told_again_under_the_same_id(
    service: TicketService, receiver: Receiver, answer: web.Response | None
) -> None:
    hook = await hooked(service, receiver)
    ticket = await triaged(service, await opened(service))
    receiver.answers = [web.Response(), answer]

    failed = await tells(service, ticket)
    pending = failed.find_step(Step.DELIVER_WEBHOOKS)
    assert pending
    assert (pending.attempts, bool(pending.due)) == (1, True)
    await tells(service, ticket)

    first, second, again = receiver.ids
    assert again == second != first
    log = {one.id: one for one in await service.webhooks.recent_deliveries("T1", hook.id)}
    assert (log[first].attempts, log[second].attempts) == (1, 2)
    assert all(one.delivered for one in log.values())


async def test_what_is_refused_holds_up_nothing_and_is_dead(
    service: TicketService, receiver: Receiver
) -> None:
    hook = await hooked(service, receiver)
    ticket = await triaged(service, await opened(service))
    receiver.answers = [web.Response(status=400)]

    refused = (await tells(service, ticket)).find_step(Step.DELIVER_WEBHOOKS)

    assert receiver.types == ["ticket.opened", "ticket.triaged"]
    assert refused
    assert (bool(refused.dead_since), refused.error) == (True, "PermanentFailure: it answered 400")
    log = await service.webhooks.recent_deliveries("T1", hook.id)
    assert sorted(one.outcome for one in log) == ["it answered 200", "it answered 400"]

    await service.replay_step(ticket.id, Step.DELIVER_WEBHOOKS)
    assert (await tells(service, ticket)).find_step(Step.DELIVER_WEBHOOKS) is None
    assert receiver.types == ["ticket.opened", "ticket.triaged", "ticket.opened"]


async def test_one_that_is_broken_holds_up_no_other(
    service: TicketService, receiver: Receiver
) -> None:
    async with Receiver() as broken:
        bad = await hooked(service, broken)
        await hooked(service, receiver)
        broken.answers = [None] * 20
        for _ in range(6):
            ticket = await opened(service)
            await tells(service, ticket)

        assert receiver.types == ["ticket.opened"] * 6
        # It is let rest, and that uses up no attempt.
        assert len(broken.heard) == 5
        kept_back = (await service.tickets.get_ticket(ticket.id))[0].find_step(
            Step.DELIVER_WEBHOOKS
        )
        assert kept_back
        assert (kept_back.attempts, kept_back.tries) == (0, 0)
        log = await service.webhooks.recent_deliveries("T1", bad.id)
        assert len(log) == 5


async def test_another_try_comes_before_giving_up(
    service: TicketService, receiver: Receiver
) -> None:
    async with Receiver() as strict:
        for each, status in ((strict, 404), (receiver, 503)):
            await hooked(service, each)
            each.answers = [web.Response(status=status)]
        ticket = await opened(service)
        receiver.may_answer.clear()

        async with service.database.deliveries.watch() as changes:
            telling = asyncio.create_task(tells(service, ticket))
            await changes.next()
        receiver.may_answer.set()

        pending = (await telling).find_step(Step.DELIVER_WEBHOOKS)
        assert pending
        assert (pending.error, pending.dead_since) == ("RetryLater: it answered 503", None)
        assert (await tells(service, ticket)).find_step(Step.DELIVER_WEBHOOKS) is None
        assert len(strict.heard) == len(receiver.heard) == 2


async def test_a_delivery_is_told_once_more_when_asked_for(
    service: TicketService, receiver: Receiver
) -> None:
    hook = await hooked(service, receiver)
    admin = await boss(service)
    ticket = await triaged(service, await opened(service))
    await tells(service, ticket)

    stranger = admin.model_copy(update={"team_id": "T2"})
    assert not await service.redeliver_webhook(hook.id, receiver.ids[0], actor=stranger)
    assert not await service.redeliver_webhook(hook.id, "no such", actor=admin)
    assert await service.redeliver_webhook(hook.id, receiver.ids[0], actor=admin)
    await tells(service, ticket)

    first, second, again = receiver.ids
    assert again == first != second


async def test_a_deleted_one_hears_nothing_more(service: TicketService, receiver: Receiver) -> None:
    hook = await hooked(service, receiver)
    ticket = await opened(service)

    assert not await service.webhooks.remove("T2", hook.id)
    assert await service.webhooks.remove("T1", hook.id)

    assert (await tells(service, ticket)).find_step(Step.DELIVER_WEBHOOKS) is None
    assert receiver.heard == []


async def test_there_are_only_so_many(service: TicketService, receiver: Receiver) -> None:
    for _ in range(MAX_WEBHOOKS):
        await hooked(service, receiver)

    with pytest.raises(InvalidInput, match="Delete one"):
        await hooked(service, receiver)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]"])  # noqa: S104
async def test_nothing_is_sent_to_a_machine_of_ours(receiver: Receiver, host: str) -> None:
    url = receiver.url.replace("127.0.0.1", host)

    with pytest.raises(PermanentFailure, match="not public"):
        await post(url, b"{}", {}, allow_private=False)

    assert receiver.heard == []


async def test_no_redirect_is_followed(receiver: Receiver) -> None:
    receiver.answers = [web.Response(status=307, headers={"Location": receiver.url})]

    with pytest.raises(PermanentFailure, match="307"):
        await post(receiver.url, b"{}", {}, allow_private=True)

    assert len(receiver.heard) == 1


async def test_who_asks_to_wait_is_waited_for_but_not_for_ever(receiver: Receiver) -> None:
    for asked, waits in (("7", 7), ("99999999", 3600), ("soon", 0)):
        receiver.answers = [web.Response(status=429, headers={"Retry-After": asked})]
        with pytest.raises(RetryLater) as later:
            await post(receiver.url, b"{}", {}, allow_private=True)
        assert later.value.retry_after_seconds == waits


async def test_whether_it_was_taken_is_known_or_said_to_be_unknown(receiver: Receiver) -> None:
    receiver.answers = [None]
    with pytest.raises(OutcomeUnknown):
        await post(receiver.url, b"{}", {}, allow_private=True)

    with pytest.raises(RetryLater):
        await post("http://127.0.0.1:9/", b"{}", {}, allow_private=True)


@pytest.mark.parametrize(
    ("address", "public"),
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
def test_an_address_is_public_or_not(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://hooks.example.com/desk?team=1", True),
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
def test_a_webhooks_address_fits_or_not(url: str, fits: bool) -> None:
    if fits:
        assert validate_url(url) == url
    else:
        with pytest.raises(InvalidInput):
            validate_url(url)
