"""The webhooks of each workspace, and the log of what was delivered to them, in MongoDB."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid4, uuid5

from pydantic import SecretStr

from models.errors import InvalidInput
from models.infra.batching import deduplicating_batcher
from models.infra.database import Database, index, translate_errors
from models.people.member import Member
from models.tickets.pending_step import Step
from models.tickets.ticket import Ticket
from models.webhooks.webhook import MAX_EVENT_AGE, Delivery, Webhook, validate_url

# All of them are told of each event at the same moment, within the time of one step.
MAX_WEBHOOKS = 10
MAX_LISTED_DELIVERIES = 100
_SECRET_BYTES = 32
_MAX_BATCH = 100


class WebhookStore:
    """Who wants to hear what happens, and what they have heard."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._has_webhooks = deduplicating_batcher(self._load_has_webhooks, max_batch=_MAX_BATCH)

    async def prepare(self) -> None:
        """Make the indexes that the rest relies on; harmless when they exist."""
        async with translate_errors():
            gone = index("gone_at", expireAfterSeconds=0)
            await self._db.webhooks.create_indexes([index("team_id")])
            await self._db.deliveries.create_indexes([index("webhook_id", "-tried_at"), gone])

    async def with_delivery_step(self, before: Ticket, after: Ticket, *, now: datetime) -> Ticket:
        """The next state of a ticket: what has happened is to be told, if anybody wants to hear it.

        That is asked at each move anew, and written with the move itself, so that none is lost;
        that it was opened, with what is written next, since who opened it waits for the answer.
        """
        if before.rev and len(after.history) == len(before.history):
            return after
        async with translate_errors():
            anybody = await self._has_webhooks(after.team_id)
        return after.with_step(Step.DELIVER_WEBHOOKS, due=now) if anybody else after

    async def _load_has_webhooks(self, team_ids: list[str]) -> dict[str, bool]:
        """Whether a workspace has webhooks."""
        one = self._db.webhooks.find_one
        return {each: await one({"team_id": each}, {"_id": 1}) is not None for each in team_ids}

    async def add(
        self, by: Member, *, url: str, events: Sequence[str] = (), idempotency_key: str = ""
    ) -> Webhook:
        """Tell this address of what happens from now on; its secret is made here.

        Args:
            key: what it was asked for with; the same again gives the same webhook.

        Raises:
            InvalidDraft: there are too many, or it is no address for this.
        """
        of_key = uuid5(NAMESPACE_OID, f"{by.team_id}:{by.slack_id}:{idempotency_key}").hex
        webhook_id = of_key if idempotency_key else uuid4().hex
        there_are = [one for one in await self.list_webhooks(by.team_id) if one.id != webhook_id]
        if len(there_are) >= MAX_WEBHOOKS:
            raise InvalidInput(
                {"url": f"There are {MAX_WEBHOOKS} webhooks. Delete one of them first."}
            )
        async with translate_errors():
            webhook = Webhook(
                id=webhook_id,
                team_id=by.team_id,
                url=validate_url(url),
                secret=SecretStr(secrets.token_urlsafe(_SECRET_BYTES)),
                events=tuple(events),
                created_at=await self._db.now(),
                created_by=by.slack_id,
            )
            document = webhook.model_dump() | {"secret": webhook.secret.get_secret_value()}
            document["_id"] = document.pop("id")
            stored = await self._db.insert_if_absent("webhooks", document, unique="_id")
        return Webhook.model_validate(_with_id(stored)) if stored else webhook

    async def list_webhooks(self, team_id: str) -> list[Webhook]:
        """The webhooks of a workspace, the oldest first."""
        async with translate_errors():
            found = await self._db.webhooks.find({"team_id": team_id}).sort("created_at").to_list()
        return [Webhook.model_validate(_with_id(one)) for one in found]

    async def remove(self, team_id: str, webhook_id: str) -> bool:
        """Tell this one nothing any more; whether there was one."""
        async with translate_errors():
            gone = await self._db.webhooks.delete_one({"_id": webhook_id, "team_id": team_id})
        return gone.deleted_count > 0

    # -- deliveries ------------------------------------------------------------------------------

    async def delivered_ids(self, webhook_id: str, ticket_id: str) -> set[str]:
        """The ids of what it has heard of a ticket."""
        query = {"webhook_id": webhook_id, "ticket_id": ticket_id, "delivered": True}
        async with translate_errors():
            return {one["_id"] async for one in self._db.deliveries.find(query, {"_id": 1})}

    async def record_attempt(self, delivery: Delivery) -> None:
        """Write down how a try has ended; tries are counted here."""
        known = delivery.model_dump(exclude={"id", "attempts"})
        known["gone_at"] = delivery.tried_at + MAX_EVENT_AGE * 2
        async with translate_errors():
            change = {"$set": known, "$inc": {"attempts": 1}}
            await self._db.upsert("deliveries", delivery.id, change)

    async def recent_deliveries(self, team_id: str, webhook_id: str) -> list[Delivery]:
        """What it was told last, or should have been, the newest first."""
        query = {"team_id": team_id, "webhook_id": webhook_id}
        async with translate_errors():
            found = (
                self._db.deliveries.find(query).sort("tried_at", -1).limit(MAX_LISTED_DELIVERIES)
            )
            return [Delivery.model_validate(_with_id(one)) async for one in found]

    async def mark_undelivered(self, team_id: str, webhook_id: str, delivery_id: str) -> str | None:
        """As if it had never been delivered; gives its ticket's id, None if there is none such."""
        query = {"_id": delivery_id, "webhook_id": webhook_id, "team_id": team_id}
        async with translate_errors():
            await self._db.deliveries.update_one(query, {"$set": {"delivered": False}})
            found = await self._db.deliveries.find_one(query)
        return str(found["ticket_id"]) if found else None


def _with_id(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "id": document["_id"]}
