"""API tokens, e-mail links and the audit log, on a real database."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any
from uuid import uuid4

import pytest

from models.access.api_token import Scope
from models.clock import utc_now
from models.errors import InvalidToken
from models.people.member import Member, Role
from models.services import Services

HOUR = timedelta(hours=1)
ALL_SCOPES = tuple(Scope)


async def make_member(services: Services, slack_id: str, role: Role) -> Member:
    return await services.members.set_role("T1", slack_id, role=role)


async def issue_token(services: Services, member: Member, *scopes: Scope) -> str:
    token, _ = await services.api_tokens.issue_token(
        member,
        idempotency_key=f"view:{uuid4()}",
        name="ci",
        scopes=scopes or ALL_SCOPES,
        lifetime=HOUR,
    )
    return token


def sign_link(services: Services, member: Member, **more: Any) -> str:
    """A link to claim T-1, with some arguments changed."""
    arguments: dict[str, Any] = {
        "ticket_id": "T-1",
        "verb": "claim",
        "notice_id": "T-1.offer.1",
        "event_at": utc_now(),
        "lifetime": HOUR,
    }
    return services.email_links.sign(member, **arguments | more)


@pytest.mark.parametrize(
    ("role", "scopes_of_role"),
    [
        (Role.USER, {Scope.READ, Scope.WRITE}),
        (Role.MODERATOR, {Scope.READ, Scope.WRITE}),
        (Role.ADMIN, set(Scope)),
    ],
)
async def test_a_token_grants_the_scopes_of_its_owners_role(
    services: Services, role: Role, scopes_of_role: set[Scope]
) -> None:
    member = await make_member(services, f"U{role}", role)

    caller = await services.api_tokens.authenticate(await issue_token(services, member))

    assert (caller.member.slack_id, set(caller.scopes)) == (member.slack_id, scopes_of_role)


async def test_a_repeated_request_gives_one_token_and_one_audit_entry(
    services: Services,
) -> None:
    member = await make_member(services, "UTWICE", Role.USER)

    async def ask(name: str) -> str:
        token, record = await services.api_tokens.issue_token(
            member, name=name, scopes=[Scope.READ], lifetime=HOUR, idempotency_key="view:V1"
        )
        await services.audit_log.record(
            member, "issued token", "UTWICE", idempotency_key=f"issued:{record.id}"
        )
        return token

    tokens = await asyncio.gather(*(ask(f"name {n}") for n in range(10)))

    assert len(set(tokens)) == 1
    assert len(await services.api_tokens.active_tokens("T1", "UTWICE")) == 1
    assert [entry.to for entry in await services.audit_log.entries("T1")].count("UTWICE") == 1
    other = await make_member(services, "UOTHER", Role.USER)
    await services.api_tokens.issue_token(
        other, name="x", scopes=[Scope.READ], lifetime=HOUR, idempotency_key="view:V1"
    )
    assert len(await services.api_tokens.active_tokens("T1", "UOTHER")) == 1


@pytest.mark.fault("F85")
async def test_a_lost_role_takes_effect_at_once(services: Services) -> None:
    admin = await make_member(services, "UBOSS", Role.ADMIN)
    token = await issue_token(services, admin)

    await make_member(services, "UBOSS", Role.USER)
    assert Scope.ADMIN not in (await services.api_tokens.authenticate(token)).scopes

    await services.members.update_member("T1", "UBOSS", active=False)
    with pytest.raises(InvalidToken):
        await services.api_tokens.authenticate(token)


async def test_the_same_key_gives_the_same_token(services: Services) -> None:
    member = await make_member(services, "USAME", Role.USER)
    issue = partial(
        services.api_tokens.issue_token, member, name="ci", scopes=ALL_SCOPES, lifetime=HOUR
    )

    tokens = [(await issue(idempotency_key=key))[0] for key in ("view:1", "view:1", "view:2")]

    assert tokens[0] == tokens[1] != tokens[2]
    assert len(await services.api_tokens.active_tokens("T1", "USAME")) == 2


async def test_owner_and_admin_revoke_a_token_and_others_cannot(services: Services) -> None:
    owner = await make_member(services, "UOWN", Role.USER)
    stranger = await make_member(services, "USTRANGE", Role.MODERATOR)
    admin = await make_member(services, "UADM", Role.ADMIN)
    for by in (owner, admin):
        token = await issue_token(services, owner)
        [record, *_] = await services.api_tokens.active_tokens("T1", "UOWN")

        with pytest.raises(InvalidToken):
            await services.api_tokens.revoke_token(record.id, actor=stranger)
        assert await services.api_tokens.authenticate(token)

        assert (await services.api_tokens.revoke_token(record.id, actor=by)).id == record.id
        assert record.id not in {
            one.id for one in await services.api_tokens.active_tokens("T1", "UOWN")
        }
        with pytest.raises(InvalidToken):
            await services.api_tokens.authenticate(token)


@pytest.mark.fault("F84")
async def test_revoked_and_unknown_tokens_are_refused_equally_fast(
    services: Services,
) -> None:
    owner, other = [await make_member(services, id_, Role.USER) for id_ in ("UREVOKED", "UUNKNOWN")]
    revoked, unknown = await issue_token(services, owner), await issue_token(services, other)
    [record] = await services.api_tokens.active_tokens("T1", "UREVOKED")
    await services.api_tokens.revoke_token(record.id, actor=owner)
    await services.database.tokens.delete_many({"slack_id": "UUNKNOWN"})
    took: dict[str, list[float]] = {revoked: [], unknown: []}

    for _ in range(200):
        for token, times in took.items():
            began = perf_counter()
            with pytest.raises(InvalidToken, match="not valid"):
                await services.api_tokens.authenticate(token)
            times.append(perf_counter() - began)

    # One more database query would make it take about 50 % longer.
    assert 0.75 < median(took[revoked]) / median(took[unknown]) < 1.33


async def test_the_last_use_is_stored_but_not_each_time(services: Services) -> None:
    member = await make_member(services, "UUSE", Role.USER)
    token = await issue_token(services, member)
    [before] = await services.api_tokens.active_tokens("T1", "UUSE")
    assert before.used_at is None

    await services.api_tokens.authenticate(token)
    [first] = await services.api_tokens.active_tokens("T1", "UUSE")
    await services.api_tokens.authenticate(token)
    [second] = await services.api_tokens.active_tokens("T1", "UUSE")

    assert first.used_at
    assert second.used_at == first.used_at


async def test_one_of_many_concurrent_uses_is_stored(services: Services) -> None:
    member = await make_member(services, "UOFTEN", Role.USER)
    token = await issue_token(services, member)
    stored_times: list[datetime] = []

    async def use() -> None:
        await services.api_tokens.authenticate(token)
        [record] = await services.api_tokens.active_tokens("T1", "UOFTEN")
        if record.used_at:
            stored_times.append(record.used_at)

    await asyncio.gather(*(use() for _ in range(20)))

    assert len(set(stored_times)) == 1


@pytest.mark.fault("F76")
async def test_one_of_twenty_concurrent_link_uses_is_the_first(services: Services) -> None:
    member = await make_member(services, "ULINK", Role.MODERATOR)
    link = sign_link(services, member)
    claims = services.email_links.verify(link)
    assert (claims.sub, claims.scope) == ("ULINK", "claim:T-1")

    used = await asyncio.gather(*(services.email_links.use(claims) for _ in range(20)))

    assert used.count(True) == 1


async def test_a_link_depends_on_person_verb_notice_and_time(
    services: Services,
) -> None:
    member = await make_member(services, "USAME", Role.MODERATOR)
    other = await make_member(services, "UOTHER", Role.MODERATOR)
    at = utc_now()
    link = sign_link(services, member, event_at=at)

    assert sign_link(services, member, event_at=at) == link
    others = [
        sign_link(services, other, event_at=at),
        sign_link(services, member, event_at=at, verb="view"),
        sign_link(services, member, event_at=at, notice_id="T-1.offer.2"),
        sign_link(services, member, event_at=at - HOUR),
    ]
    ids = {services.email_links.verify(one).jti for one in (link, *others)}
    assert len(ids) == 5


async def test_a_used_link_is_remembered(services: Services) -> None:
    member = await make_member(services, "UUSED", Role.MODERATOR)
    claims = services.email_links.verify(sign_link(services, member))

    assert not await services.email_links.is_used(claims)
    await services.email_links.use(claims)
    assert await services.email_links.is_used(claims)


async def test_api_tokens_and_links_are_not_interchangeable(services: Services) -> None:
    member = await make_member(services, "UMIX", Role.MODERATOR)
    link = sign_link(services, member)

    with pytest.raises(InvalidToken):
        await services.api_tokens.authenticate(link)
    with pytest.raises(InvalidToken):
        services.email_links.verify(await issue_token(services, member))


async def test_audit_entries_come_newest_first(services: Services) -> None:
    admin = await make_member(services, "UAUDIT", Role.ADMIN)
    for role in ("moderator", "user"):
        await services.audit_log.record(admin, "set role", "UADA", before={}, after={"role": role})

    first, second, *_ = await services.audit_log.entries("T1")

    assert [first.after, second.after] == [{"role": "user"}, {"role": "moderator"}]
    assert (first.who, first.what, first.to, first.via) == ("UAUDIT", "set role", "UADA", "slack")
