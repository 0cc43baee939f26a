"""Ids of stored records, made from idempotency keys."""

from uuid import NAMESPACE_OID, uuid4, uuid5


def id_for_key(key: str) -> str:
    """The same id for the same key; a new id if the key is empty."""
    return uuid5(NAMESPACE_OID, key).hex if key else uuid4().hex
