"""The personal-data inventory names each collection and each field of the stored models."""

import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from bson import json_util
from pydantic import BaseModel, SecretStr

from models.access.api_token import ApiToken
from models.access.audit_entry import AuditEntry
from models.engine.ai_request_log import AiRequest
from models.infra.counter import Counter
from models.infra.database import Database
from models.people.member import Member
from models.personal_data import COLLECTIONS, DataKind, render_page
from models.search.solution_index import WordList
from models.tickets.ticket import Event, Ticket
from models.triage.taxonomy import Taxonomy
from models.triage.training_example import TrainingExample
from models.webhooks.webhook import Delivery, Webhook
from models.workspace.workspace_settings import WorkspaceSettings
from tests.project import ROOT
from tests.stored_documents import field_paths, uncovered_paths

MODELS: Mapping[str, type[BaseModel]] = {
    "tickets": Ticket,
    "ticket_events": Event,
    "members": Member,
    "lessons": TrainingExample,
    "solutions": WordList,
    "sent": AiRequest,
    "audit": AuditEntry,
    "tokens": ApiToken,
    "webhooks": Webhook,
    "deliveries": Delivery,
    "configurations": Taxonomy,
    "workspace_settings": WorkspaceSettings,
    "counters": Counter,
}
DUMPS = sorted((ROOT / "tests/data/releases").glob("*.json"))
# A name that says that a field holds data of a person.
PERSONAL_NAMES = {
    DataKind.PERSON: {"slack_id", "requester", "assignee", "watchers", "who", "by", "created_by"},
    DataKind.NAME: {"name"},
    DataKind.ADDRESS: {"email"},
    DataKind.TEXT: {"title", "description", "text", "solution", "summary", "notes", "instruction"},
}


def test_inventory_names_each_collection() -> None:
    database = Database(SecretStr("mongodb://127.0.0.1"), "none", timeout_seconds=0.1)
    names = {name for name, value in vars(database).items() if getattr(value, "name", "") == name}
    database.close()

    assert names == set(COLLECTIONS)


@pytest.mark.parametrize("collection", MODELS)
def test_inventory_names_each_field_of_the_models(collection: str) -> None:
    fields = set(model_paths(MODELS[collection]))

    assert uncovered_paths(fields, collection) == []


def test_new_field_of_a_model_is_noticed() -> None:
    class Phone(BaseModel):
        number: str = ""

    class MemberWithPhone(Member):
        phone: Phone | None = None

    fields = set(model_paths(MemberWithPhone))

    assert uncovered_paths(fields, "members") == ["phone.number"]


@pytest.mark.parametrize("dump", DUMPS, ids=lambda path: path.stem)
def test_inventory_names_each_field_of_earlier_releases(dump: Any) -> None:
    collections = json_util.loads(dump.read_text(encoding="utf-8"))

    for name, documents in collections.items():
        paths = {path for document in documents for path in field_paths(document)}
        assert uncovered_paths(paths, name) == [], name


@pytest.mark.parametrize("kind", PERSONAL_NAMES)
def test_field_with_a_personal_name_is_personal(kind: DataKind) -> None:
    """Except names and texts of admins about categories and skills, which are about nobody."""
    unlisted = [
        f"{name}.{path}"
        for name, data in COLLECTIONS.items()
        for path in data.other.split()
        if path.rpartition(".")[2] in PERSONAL_NAMES[kind] and name != "configurations"
    ]

    assert unlisted == []


def test_each_field_is_either_personal_or_not() -> None:
    both = [
        f"{name}.{path}"
        for name, data in COLLECTIONS.items()
        for path in data.other.split()
        if path in " ".join(data.personal.values()).split()
    ]

    assert both == []


def test_page_is_generated_from_the_inventory() -> None:
    assert (ROOT / "docs/personal-data.md").read_text(encoding="utf-8") == render_page()


def model_paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """The fields of a model as they are stored, those of nested models with dots."""
    for name, info in model.model_fields.items():
        if info.exclude:
            continue
        stored_name = "_id" if name == "id" else info.serialization_alias or name
        nested = list(nested_models(info.annotation))
        for one in nested:
            yield from model_paths(one, f"{prefix}{stored_name}.")
        if not nested:
            yield prefix + stored_name


def nested_models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in an annotation such as `tuple[Card, ...]` or `Triage | None`."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for argument in typing.get_args(annotation):
        yield from nested_models(argument)
