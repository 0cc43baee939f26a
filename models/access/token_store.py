"""Issued tokens, links that work once, and the audit log, in MongoDB.

A token counts when its signature does, its record is there and not revoked, and its owner is
active; its scopes are narrowed to what the owner's role allows at that very moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, NAMESPACE_URL, uuid4, uuid5

from models.access.api_token import ApiToken, Scope, effective_scopes
from models.access.audit_entry import AuditEntry, audit_diff
from models.access.jwt import Claims, JwtSigner, Purpose
from models.errors import InvalidToken, NotAllowed
from models.infra.database import Database, index, translate_errors
from models.people.guest_policy_store import GuestPolicyStore
from models.people.member import Member
from models.tickets.store import Store
from models.tickets.ticket import Ticket

# That a token was used is noted at most so often.
_LAST_USE_RESOLUTION = timedelta(minutes=1)
# Records outlive their tokens for so long, to be looked at.
_RECORD_RETENTION = timedelta(days=30)
MAX_AUDIT_ENTRIES = 200


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who acts by a token.

    Attributes:
        scopes: what the token opens for them now.
        token_id: the token's own id.
    """

    member: Member
    scopes: frozenset[Scope]
    token_id: str


class ApiTokenStore:
    """What is issued to members, and what was done with it."""

    def __init__(
        self,
        database: Database,
        store: Store,
        jwt_signer: JwtSigner,
        guest_policies: GuestPolicyStore,
    ) -> None:
        self._db = database
        self._store = store
        self._jwt_signer = jwt_signer
        self._guest_policies = guest_policies

    async def prepare(self) -> None:
        """Make the indexes that the rest relies on; harmless when they exist."""
        async with translate_errors():
            gone = index("gone_at", expireAfterSeconds=0)
            await self._db.tokens.create_indexes([index("team_id", "slack_id", "revoked_at"), gone])
            await self._db.links.create_indexes([gone])
            await self._db.audit.create_indexes([index("team_id", "-at", "-_id")])

    # -- tokens ----------------------------------------------------------------------------------

    async def issue_token(
        self,
        member: Member,
        *,
        name: str,
        scopes: Sequence[Scope],
        lifetime: timedelta,
        idempotency_key: str = "",
    ) -> tuple[str, ApiToken]:
        """A new token, which is kept by nobody but its owner, and the record of it.

        Args:
            key: what the token was asked for with; the same again gives the same token, as it
                was asked for first.
        """
        async with translate_errors():
            now = (await self._db.now()).replace(microsecond=0)
            issued = ApiToken(
                id=_id_for_key(
                    f"{member.team_id}:{member.slack_id}:{idempotency_key}"
                    if idempotency_key
                    else ""
                ),
                team_id=member.team_id,
                slack_id=member.slack_id,
                name=name,
                scopes=tuple(
                    scope for scope in scopes if scope in effective_scopes(scopes, member)
                ),
                issued_at=now,
                expires_at=now + lifetime,
            )
            record = issued.model_dump() | {"gone_at": issued.expires_at + _RECORD_RETENTION}
            record["_id"] = record.pop("id")
            stored = await self._db.insert_if_absent("tokens", record, unique="_id")
        issued = _token_from_record(stored) if stored else issued
        return self._jwt_signer.sign(_to_claims(issued), Purpose.API), issued

    async def authenticate(self, token: str) -> Caller:
        """Who acts by this token, and what it opens for them at this moment.

        Raises:
            NoSuchToken: it does not count, for whatever reason.
        """
        claims = self._jwt_signer.verify(token, Purpose.API)
        async with translate_errors():
            record = await self._db.tokens.find_one({"_id": claims.jti})
            now = await self._db.now()
        member = await self._store.get_or_create_member(claims.team, claims.sub)
        issued = _token_from_record(record) if record else None
        if issued is None or issued.revoked_at or issued.expires_at <= now:
            raise InvalidToken
        if not member.active:
            raise InvalidToken
        try:
            await self._guest_policies.check(member)
        except NotAllowed as refused:
            raise InvalidToken from refused
        if issued.used_at is None or now - issued.used_at > _LAST_USE_RESOLUTION:
            # Of many uses at once, one is noted.
            query = {"_id": issued.id, "used_at": issued.used_at}
            async with translate_errors():
                await self._db.tokens.update_one(query, {"$set": {"used_at": now}})
        return Caller(member, effective_scopes(issued.scopes, member), issued.id)

    async def active_tokens(self, team_id: str, slack_id: str) -> list[ApiToken]:
        """The tokens of a person that still count, the newest first."""
        query = {"team_id": team_id, "slack_id": slack_id, "revoked_at": None}
        async with translate_errors():
            now = await self._db.now()
            found = await self._db.tokens.find(query).sort("issued_at", -1).to_list()
        return [one for one in map(_token_from_record, found) if one.expires_at > now]

    async def revoke_token(self, token_id: str, *, by: Member, own_only: bool = False) -> ApiToken:
        """Have a token count no more, from its next use on: one's own, or as an admin anybody's.

        Args:
            own: of an admin's, too, their own alone.

        Raises:
            NoSuchToken: there is none of that id which this person may revoke.
        """
        query = {"_id": token_id, "team_id": by.team_id}
        if own_only or not by.can_administer:
            query["slack_id"] = by.slack_id
        async with translate_errors():
            change = {"revoked_at": await self._db.now(), "revoked_by": by.slack_id}
            await self._db.tokens.update_one(query | {"revoked_at": None}, {"$set": change})
            record = await self._db.tokens.find_one(query)
        if record is None:
            raise InvalidToken
        return _token_from_record(record)

    async def revoke_all_tokens(self, member: Member) -> None:
        """Have none of somebody's tokens count any more, whatever becomes of them later."""
        query = {"team_id": member.team_id, "slack_id": member.slack_id, "revoked_at": None}
        async with translate_errors():
            change = {"revoked_at": await self._db.now(), "revoked_by": ""}
            await self._db.tokens.update_many(query, {"$set": change})

    # -- links -----------------------------------------------------------------------------------

    def create_link_token(
        self,
        member: Member,
        *,
        ticket_id: str,
        verb: str,
        notice_id: str,
        event_at: datetime,
        lifetime: timedelta,
    ) -> str:
        """A token for one thing that this person may do once.

        The same notice gives the same token, so that both copies of a letter carry it.

        Args:
            notice: the id of what they are told.
            at: when what they are told of came to be.
        """
        born = int(event_at.timestamp())
        occasion = f"{member.team_id}:{member.slack_id}:{notice_id}:{born}:{verb}"
        claims = Claims(
            sub=member.slack_id,
            team=member.team_id,
            scope=f"{verb}:{ticket_id}",
            iat=born,
            exp=born + int(lifetime.total_seconds()),
            jti=uuid5(NAMESPACE_URL, occasion).hex,
        )
        return self._jwt_signer.sign(claims, Purpose.LINK)

    def verify_link(self, token: str) -> Claims:
        """What a link is for; raises NoSuchToken when it has expired, or is none of ours."""
        return self._jwt_signer.verify(token, Purpose.LINK)

    async def is_link_used(self, claims: Claims) -> bool:
        """Whether the link has been used up."""
        async with translate_errors():
            return await self._db.links.find_one({"_id": claims.jti}) is not None

    async def use_link(self, claims: Claims) -> bool:
        """Use the link up; whether this was the first time. Of many at once one is the first."""
        record: dict[str, Any] = {
            "_id": claims.jti,
            "gone_at": claims.expires_at + _RECORD_RETENTION,
        }
        async with translate_errors():
            return await self._db.insert_if_absent("links", record, unique="_id") is None

    # -- audit -----------------------------------------------------------------------------------

    async def audit(
        self,
        by: Member,
        verb: str,
        target: str,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        via: str = "slack",
        idempotency_key: str = "",
    ) -> None:
        """Write down what somebody has done; nothing in the log is ever changed.

        Args:
            key: what can only be done once; it is written down once.
        """
        async with translate_errors():
            act = AuditEntry(
                id=_id_for_key(f"{by.team_id}:{idempotency_key}" if idempotency_key else ""),
                team_id=by.team_id,
                at=await self._db.now(),
                who=by.slack_id,
                what=verb,
                to=target,
                before=before or {},
                after=after or {},
                via=via,
            )
            document = act.model_dump(mode="python")
            document["_id"] = document.pop("id")
            await self._db.insert_if_absent("audit", document, unique="_id")

    async def audit_ticket(
        self,
        by: Member,
        verb: str,
        before: Ticket | None,
        after: Ticket,
        *,
        via: str,
        idempotency_key: str = "",
    ) -> None:
        """Write down what somebody has done to a ticket: how it stood, and how it stands."""
        then, now = audit_diff(before, after)
        await self.audit(
            by, verb, after.id, before=then, after=now, via=via, idempotency_key=idempotency_key
        )

    async def audit_entries(
        self, team_id: str, *, limit: int = MAX_AUDIT_ENTRIES, before_id: str = ""
    ) -> list[AuditEntry]:
        """What was done last, the newest first.

        Args:
            before: the id of an act; only older ones are wanted.
        """
        query: dict[str, Any] = {"team_id": team_id}
        earlier: dict[str, Any] = {}
        async with translate_errors():
            if before_id:
                last = await self._db.audit.find_one({"_id": before_id, "team_id": team_id})
                if last is None:
                    return []
                query["at"] = {"$lte": last["at"]}
                earlier = {"$or": [{"at": {"$lt": last["at"]}}, {"_id": {"$lt": before_id}}]}
            stages: list[dict[str, Any]] = [
                # The first alone says which index serves; not every server would find it in both.
                {"$match": query},
                {"$match": earlier},
                {"$sort": {"at": -1, "_id": -1}},
                {"$limit": limit},
            ]
            found = self._db.audit.aggregate(stages)
            return [AuditEntry.model_validate({**one, "id": one["_id"]}) async for one in found]


def _id_for_key(key: str) -> str:
    """Always the same for the same key; without one, a new one."""
    return uuid5(NAMESPACE_OID, key).hex if key else uuid4().hex


def _token_from_record(record: dict[str, Any]) -> ApiToken:
    return ApiToken.model_validate({**record, "id": record["_id"]})


def _to_claims(issued: ApiToken) -> Claims:
    return Claims(
        sub=issued.slack_id,
        team=issued.team_id,
        scope=" ".join(issued.scopes),
        iat=int(issued.issued_at.timestamp()),
        exp=int(issued.expires_at.timestamp()),
        jti=issued.id,
    )
