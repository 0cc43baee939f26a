"""The links in e-mails: each signed for one person and one action, and used once."""

from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from models.access.jwt import Claims, JwtSigner, Purpose
from models.access.token_store import RECORD_RETENTION
from models.infra.database import Database, index, translate_errors
from models.people.member import Member


class EmailLinks:
    """Signs the links in e-mails, and remembers which have been used."""

    def __init__(self, database: Database, signer: JwtSigner) -> None:
        self._db = database
        self._signer = signer

    async def prepare(self) -> None:
        """Create the index that deletes used links; harmless when it exists."""
        async with translate_errors():
            await self._db.links.create_indexes([index("gone_at", expireAfterSeconds=0)])

    def sign(
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
        return self._signer.sign(claims, Purpose.LINK)

    def verify(self, token: str) -> Claims:
        """What a link is for; raises NoSuchToken when it has expired, or is none of ours."""
        return self._signer.verify(token, Purpose.LINK)

    async def is_used(self, claims: Claims) -> bool:
        """Whether the link has been used up."""
        async with translate_errors():
            return await self._db.links.find_one({"_id": claims.jti}) is not None

    async def use(self, claims: Claims) -> bool:
        """Use the link up; whether this was the first time. Of many at once one is the first."""
        record: dict[str, Any] = {
            "_id": claims.jti,
            "gone_at": claims.expires_at + RECORD_RETENTION,
        }
        async with translate_errors():
            return await self._db.insert_if_absent("links", record, unique="_id") is None
