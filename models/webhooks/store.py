"""The webhooks of each workspace and the log of their deliveries, in MongoDB."""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid4, uuid5

from pydantic import SecretStr

from models.errors import InvalidInput
from models.infra.batching import deduplicating_batcher
from models.infra.database import Database, Document, index, translate_errors
from models.infra.document_reader import DocumentReader
from models.people.member import Member
from models.tickets.pending_step import Step
from models.tickets.ticket import Ticket
from models.webhooks.webhook import MAX_EVENT_AGE, Delivery, Webhook, validate_url

# One step delivers an event to all webhooks at once, within its time limit.
MAX_WEBHOOKS = 10
MAX_LISTED_DELIVERIES = 100
_SECRET_BYTES = 32
_MAX_BATCH = 100


class WebhookStore:
    """Reads and writes webhooks and deliveries."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._webhook_reader = DocumentReader(
            database, "webhooks", lambda document: Webhook.model_validate(_with_id(document))
        )
        self._delivery_reader = DocumentReader(
            database, "deliveries", lambda document: Delivery.model_validate(_with_id(document))
        )
        self._has_webhooks = deduplicating_batcher(self._load_has_webhooks, max_batch=_MAX_BATCH)

    async def prepare(self) -> None:
        """Create the indexes; harmless when they exist."""
        async with translate_errors():
            expiry = index("gone_at", expireAfterSeconds=0)
            await self._db.webhooks.create_indexes([index("team_id")])
            replays = index("replay_of", sparse=True)
            await self._db.deliveries.create_indexes(
                [index("webhook_id", "-tried_at"), expiry, replays]
            )

    async def with_delivery_step(self, before: Ticket, after: Ticket, *, now: datetime) -> Ticket:
        """The new ticket, with a delivery step if the workspace has webhooks.

        Each update stores the step in the same write as its event, so no event is lost.
        The opening of a ticket is the exception: it adds no step, because its requester waits.
        The next update adds the step for it.
        """
        if before.rev and after.event_count == before.event_count:
            return after
        async with translate_errors():
            has_webhooks = await self._has_webhooks(after.team_id)
        return after.with_step(Step.DELIVER_WEBHOOKS, due=now) if has_webhooks else after

    async def _load_has_webhooks(self, team_ids: list[str]) -> dict[str, bool]:
        find_one = self._db.webhooks.find_one
        return {
            team_id: await find_one({"team_id": team_id}, {"_id": 1}) is not None
            for team_id in team_ids
        }

    async def add(
        self, actor: Member, *, url: str, events: Sequence[str] = (), idempotency_key: str = ""
    ) -> Webhook:
        """A new webhook with a new secret; it receives events from now on.

        Args:
            actor: the admin who adds it.
            url: the address that receives the events.
            events: the event types to deliver; none for all.
            idempotency_key: the same key gives the same webhook.

        Raises:
            InvalidInput: the workspace has too many webhooks, or the URL is not allowed.
        """
        key_id = uuid5(NAMESPACE_OID, f"{actor.team_id}:{actor.slack_id}:{idempotency_key}").hex
        webhook_id = key_id if idempotency_key else uuid4().hex
        others = [one for one in await self.list_webhooks(actor.team_id) if one.id != webhook_id]
        if len(others) >= MAX_WEBHOOKS:
            raise InvalidInput(
                {"url": f"There are {MAX_WEBHOOKS} webhooks already. Remove one of them first."}
            )
        async with translate_errors():
            webhook = Webhook(
                id=webhook_id,
                team_id=actor.team_id,
                url=validate_url(url),
                secret=SecretStr(secrets.token_urlsafe(_SECRET_BYTES)),
                events=tuple(events),
                created_at=await self._db.now(),
                created_by=actor.slack_id,
            )
            document = webhook.model_dump() | {"secret": webhook.secret.get_secret_value()}
            document["_id"] = document.pop("id")
            stored = await self._db.insert_if_absent("webhooks", document, unique="_id")
        return await self._webhook_reader.read_one(stored) if stored else webhook

    async def list_webhooks(self, team_id: str) -> list[Webhook]:
        """The webhooks of a workspace, oldest first."""
        async with translate_errors():
            cursor = self._db.webhooks.find({"team_id": team_id}).sort("created_at")
            documents = await cursor.to_list()
            return await self._webhook_reader.read_all(documents)

    async def damaged_webhook_ids(self, team_id: str) -> list[str]:
        """The ids of webhooks whose documents are damaged; `remove` deletes them, too."""
        async with translate_errors():
            documents = await self._db.webhooks.find({"team_id": team_id}).to_list()
        _, unreadable = await self._webhook_reader.split(documents)
        return [str(one.document_id) for one in unreadable]

    async def remove(self, team_id: str, webhook_id: str) -> bool:
        """Whether there was such a webhook; it is deleted."""
        async with translate_errors():
            result = await self._db.webhooks.delete_one({"_id": webhook_id, "team_id": team_id})
        return result.deleted_count > 0

    # -- deliveries ------------------------------------------------------------------------------

    async def delivered_ids(self, delivery_ids: Collection[str]) -> set[str]:
        """The ids of these deliveries that have reached their webhook."""
        query = {"_id": {"$in": list(delivery_ids)}, "delivered": True}
        async with translate_errors():
            return {one["_id"] async for one in self._db.deliveries.find(query, {"_id": 1})}

    async def requested_event_numbers(self, webhook_id: str, ticket_id: str) -> set[int]:
        """The numbers of a ticket's events that an admin wants delivered to the webhook again."""
        query = {"webhook_id": webhook_id, "replay_of": ticket_id}
        async with translate_errors():
            cursor = self._db.deliveries.find(query, {"_id": 1})
            return {int(one["_id"].rpartition(".")[2]) async for one in cursor}

    async def record_attempt(self, delivery: Delivery) -> None:
        """Store the outcome of one attempt; the stored count of attempts goes up by one."""
        fields = delivery.model_dump(exclude={"id", "attempts"})
        fields["gone_at"] = delivery.tried_at + MAX_EVENT_AGE * 2
        async with translate_errors():
            change: Document = {"$set": fields, "$inc": {"attempts": 1}}
            if delivery.delivered:
                change["$unset"] = {"replay_of": ""}
            await self._db.upsert("deliveries", delivery.id, change)

    async def recent_deliveries(self, team_id: str, webhook_id: str) -> list[Delivery]:
        """The newest deliveries to a webhook, newest first, delivered or not."""
        query = {"team_id": team_id, "webhook_id": webhook_id}
        async with translate_errors():
            cursor = self._db.deliveries.find(query).sort("tried_at", -1)
            documents = await cursor.limit(MAX_LISTED_DELIVERIES).to_list()
            return await self._delivery_reader.read_all(documents)

    async def mark_undelivered(self, team_id: str, webhook_id: str, delivery_id: str) -> str | None:
        """The ticket id of the delivery, which can now be sent again; None if there is none."""
        query = {"_id": delivery_id, "webhook_id": webhook_id, "team_id": team_id}
        async with translate_errors():
            document = await self._db.deliveries.find_one(query)
            if document is None:
                return None
            ticket_id = (await self._delivery_reader.read_one(document)).ticket_id
            change = {"delivered": False, "replay_of": ticket_id}
            await self._db.deliveries.update_one(query, {"$set": change})
        return ticket_id


def _with_id(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "id": document["_id"]}
