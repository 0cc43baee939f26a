"""Ids of stored records: the same key gives the same id."""

from uuid import NAMESPACE_OID, uuid4, uuid5


def id_for_key(key: str) -> str:
    """Always the same for the same key; without one, a new one."""
    return uuid5(NAMESPACE_OID, key).hex if key else uuid4().hex
