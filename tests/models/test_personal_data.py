"""Stored documents have only fields of the inventory, and expire as it says."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from models.personal_data import COLLECTIONS
from models.services import Services
from sandbox.services.database_servers import DatabaseServers
from tests.service_factory import run_services
from tests.stored_documents import (
    all_documents,
    collection_names,
    field_paths,
    listed_fields,
    store_one_document_in_each_collection,
    uncovered_paths,
)

# The field from which on the retention counts.
_RETENTION_START = {"sent": "at", "deliveries": "tried_at", "tokens": "expires_at", "links": ""}


@pytest.fixture(scope="module")
async def services(servers: DatabaseServers) -> AsyncIterator[Services]:
    """A service with a document in every collection."""
    async with run_services(servers) as services:
        await store_one_document_in_each_collection(services, "T1")
        yield services


async def test_inventory_names_each_stored_field(services: Services) -> None:
    for name in collection_names(services):
        documents = await all_documents(services, name)
        paths = {path for document in documents for path in field_paths(document)}

        assert uncovered_paths(paths, name) == [], name


async def test_mongodb_deletes_documents_when_the_inventory_says(services: Services) -> None:
    expiring = {}
    for name in collection_names(services):
        indexes = await getattr(services.database, name).index_information()
        if any("expireAfterSeconds" in index for index in indexes.values()):
            [document] = await all_documents(services, name)
            start = document.get(_RETENTION_START[name])
            expiring[name] = document["gone_at"] - start if start else None

    assert expiring.keys() == {name for name in COLLECTIONS if "gone_at" in listed_fields(name)}
    for name, age in expiring.items():
        days = re.search(r"(\d+) days", COLLECTIONS[name].retention)
        assert days, name
        assert age is None or abs(age - timedelta(days=int(days[1]))) < timedelta(minutes=1), name
