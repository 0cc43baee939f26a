"""The links in e-mails: each signed for one person and one action, and used once."""

from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from models.access.jwt import Claims, JwtSigner, Purpose
from models.access.token_store import RECORD_RETENTION
from models.infra.database import Database, index, translate_errors
from models.people.member import Member


class EmailLinks:
    """Signs the links in e-mails, and stores the used ones."""

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
        """A token for one action that this member may take once.

        The same notice gives the same token, so both copies of a resent e-mail carry it.

        Args:
            member: the person who may use the link.
            ticket_id: the ticket of the link.
            verb: the action.
            notice_id: the id of the notice that the e-mail sends.
            event_at: the time of the event that the notice is about.
            lifetime: how long the link works, from `event_at` on.
        """
        issued_at = int(event_at.timestamp())
        identity = f"{member.team_id}:{member.slack_id}:{notice_id}:{issued_at}:{verb}"
        claims = Claims(
            sub=member.slack_id,
            team=member.team_id,
            scope=f"{verb}:{ticket_id}",
            iat=issued_at,
            exp=issued_at + int(lifetime.total_seconds()),
            jti=uuid5(NAMESPACE_URL, identity).hex,
        )
        return self._signer.sign(claims, Purpose.LINK)

    def verify(self, token: str) -> Claims:
        """The claims of a link; raises InvalidToken if it has expired or is not ours."""
        return self._signer.verify(token, Purpose.LINK)

    async def is_used(self, claims: Claims) -> bool:
        """Whether the link has been used."""
        async with translate_errors():
            return await self._db.links.find_one({"_id": claims.jti}) is not None

    async def use(self, claims: Claims) -> bool:
        """Whether this is the first use; of concurrent uses, exactly one is the first."""
        record: dict[str, Any] = {
            "_id": claims.jti,
            "gone_at": claims.expires_at + RECORD_RETENTION,
        }
        async with translate_errors():
            return await self._db.insert_if_absent("links", record, unique="_id") is None
