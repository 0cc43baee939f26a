"""API tokens: issued, authenticated and revoked, with their records in MongoDB.

A valid token has a valid signature, a record that is not revoked, and an active owner. Its scopes
are limited to the owner's current role.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from models.access.api_token import ApiToken, Scope, effective_scopes
from models.access.jwt import Claims, JwtSigner, Purpose
from models.access.record_ids import id_for_key
from models.errors import InvalidToken
from models.infra.database import Database, index, translate_errors
from models.infra.document_reader import DocumentReader
from models.people.member import Member
from models.people.store import MemberStore

# The last use of a token is stored at most once a minute.
_LAST_USE_RESOLUTION = timedelta(minutes=1)
# Records are kept after their tokens expire, so that admins can look them up.
RECORD_RETENTION = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner of a token that calls the API.

    Attributes:
        member: the owner.
        scopes: the scopes that the token grants now.
        token_id: the token's id.
    """

    member: Member
    scopes: frozenset[Scope]
    token_id: str


class ApiTokenStore:
    """Issues, authenticates and revokes API tokens."""

    def __init__(
        self,
        database: Database,
        members: MemberStore,
        jwt_signer: JwtSigner,
    ) -> None:
        self._db = database
        self._reader = DocumentReader(database, "tokens", _token_from_record)
        self._members = members
        self._jwt_signer = jwt_signer

    async def prepare(self) -> None:
        """Create the indexes; harmless when they exist."""
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
        """A new token and its record; the token itself is not stored.

        Args:
            member: its owner.
            name: the owner's label for it.
            scopes: the requested scopes; those that the owner's role does not allow are left out.
            lifetime: how long it is valid.
            idempotency_key: the same key gives the first token again, with its first values.
        """
        async with translate_errors():
            now = (await self._db.now()).replace(microsecond=0)
            api_token = ApiToken(
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
            record = api_token.model_dump() | {"gone_at": api_token.expires_at + RECORD_RETENTION}
            record["_id"] = record.pop("id")
            stored = await self._db.insert_if_absent("tokens", record, unique="_id")
        if stored:
            api_token = await self._reader.read_one(stored)
        return self._jwt_signer.sign(_to_claims(api_token), Purpose.API), api_token

    async def authenticate(self, token: str) -> Caller:
        """The owner of this token, and the scopes that it grants now.

        Raises:
            InvalidToken: it is not valid, for any reason.
        """
        claims = self._jwt_signer.verify(token, Purpose.API)
        async with translate_errors():
            record = await self._db.tokens.find_one({"_id": claims.jti})
            now = await self._db.now()
        member = await self._members.get_or_create_member(claims.team, claims.sub)
        api_token = await self._reader.read_or_none(record)
        if api_token is None or api_token.revoked_at or api_token.expires_at <= now:
            raise InvalidToken
        if not member.active or member.refusal:
            raise InvalidToken
        if api_token.used_at is None or now - api_token.used_at > _LAST_USE_RESOLUTION:
            # The query matches the old value, so only one of many concurrent uses is stored.
            query = {"_id": api_token.id, "used_at": api_token.used_at}
            async with translate_errors():
                await self._db.compare_and_set("tokens", query, {"$set": {"used_at": now}})
        return Caller(member, effective_scopes(api_token.scopes, member), api_token.id)

    async def active_tokens(self, team_id: str, slack_id: str) -> list[ApiToken]:
        """The valid tokens of a person, newest first."""
        query = {"team_id": team_id, "slack_id": slack_id, "revoked_at": None}
        async with translate_errors():
            now = await self._db.now()
            records = await self._db.tokens.find(query).sort("issued_at", -1).to_list()
            tokens = await self._reader.read_all(records)
        return [token for token in tokens if token.expires_at > now]

    async def revoke_token(
        self, token_id: str, *, actor: Member, own_only: bool = False
    ) -> ApiToken:
        """The record of a token that is revoked from its next use on.

        Args:
            token_id: the token.
            actor: its owner, or an admin, who may revoke every token of the workspace.
            own_only: whether an admin, too, may revoke only their own tokens here.

        Raises:
            InvalidToken: there is no such token that this person may revoke.
        """
        query = {"_id": token_id, "team_id": actor.team_id}
        if own_only or not actor.can_administer:
            query["slack_id"] = actor.slack_id
        async with translate_errors():
            change = {"revoked_at": await self._db.now(), "revoked_by": actor.slack_id}
            await self._db.tokens.update_one(query | {"revoked_at": None}, {"$set": change})
            record = await self._db.tokens.find_one(query)
        if record is None:
            raise InvalidToken
        return await self._reader.read_one(record)

    async def revoke_all_tokens(self, member: Member) -> None:
        """Revoke all tokens of a member; they stay revoked if the member is reactivated."""
        query = {"team_id": member.team_id, "slack_id": member.slack_id, "revoked_at": None}
        async with translate_errors():
            change = {"revoked_at": await self._db.now(), "revoked_by": ""}
            await self._db.tokens.update_many(query, {"$set": change})


def _token_from_record(record: dict[str, Any]) -> ApiToken:
    return ApiToken.model_validate({**record, "id": record["_id"]})


def _to_claims(api_token: ApiToken) -> Claims:
    return Claims(
        sub=api_token.slack_id,
        team=api_token.team_id,
        scope=" ".join(api_token.scopes),
        iat=int(api_token.issued_at.timestamp()),
        exp=int(api_token.expires_at.timestamp()),
        jti=api_token.id,
    )
