"""Issued tokens, links that work once, and the audit log, in MongoDB.

A token counts when its signature does, its record is there and not revoked, and its owner is
active; its scopes are narrowed to what the owner's role allows at that very moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from models.access.api_token import ApiToken, Scope, effective_scopes
from models.access.jwt import Claims, JwtSigner, Purpose
from models.access.record_ids import id_for_key
from models.errors import InvalidToken, NotAllowed
from models.infra.database import Database, index, translate_errors
from models.people.guest_policy_store import GuestPolicyStore
from models.people.member import Member
from models.people.store import MemberStore

# That a token was used is noted at most so often.
_LAST_USE_RESOLUTION = timedelta(minutes=1)
# Records outlive their tokens for so long, to be looked at.
RECORD_RETENTION = timedelta(days=30)


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
        members: MemberStore,
        jwt_signer: JwtSigner,
        guest_policies: GuestPolicyStore,
    ) -> None:
        self._db = database
        self._members = members
        self._jwt_signer = jwt_signer
        self._guest_policies = guest_policies

    async def prepare(self) -> None:
        """Make the indexes that the rest relies on; harmless when they exist."""
        async with translate_errors():
            expiry = index("gone_at", expireAfterSeconds=0)
            await self._db.tokens.create_indexes(
                [index("team_id", "slack_id", "revoked_at"), expiry]
            )

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
                id=id_for_key(
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
            record = issued.model_dump() | {"gone_at": issued.expires_at + RECORD_RETENTION}
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
        member = await self._members.get_or_create_member(claims.team, claims.sub)
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
