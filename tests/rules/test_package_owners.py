"""Each outside package, the environment and the clock have one owner file."""

import ast
import sys
from collections.abc import Collection

from tests.rules.source_files import SourceFile, source_files, used_names

# The longest name that fits decides. A folder owns with all its files.
OWNERS = {
    "aiosmtplib": {"jobs/outbox/smtp.py"},
    "arq": {"models/job_queue", "jobs/worker.py"},
    "bson": {"models/infra/database.py"},
    "google": {"jobs/engines/gemini.py"},
    "jwt": {"models/access/jwt.py"},
    "motor": {"models/infra/database.py"},
    "pydantic_settings": {"models/settings.py"},
    "pymongo": {"models/infra/database.py"},
    "prometheus_client": {"models/infra/metrics.py"},
    "phonenumbers": {"models/engine/redaction.py"},
    "re2": {"models/triage/safe_regex.py"},
    "redis": {
        "models/job_queue",
        "models/infra/api_rate_limit.py",
        "models/infra/drawn_messages.py",
        "models/infra/outbound_calls.py",
        "models/infra/token_budget.py",
    },
    "rich": {"jobs/evaluation/cli.py"},
    "scipy": {
        "models/engine",
        "jobs/evaluation/baselines.py",
    },
    "sklearn": {
        "models/engine",
        "jobs/evaluation/baselines.py",
        "jobs/evaluation/scores.py",
    },
    "stdnum": {"models/engine/redaction.py"},
    "slack_bolt": {"bot"},
    "slack_sdk": {"models/messages/slack_client.py"},
    # Request verification and Socket Mode stand in front of Bolt.
    "slack_sdk.signature": {"bot/web/request_guard.py"},
    "slack_sdk.socket_mode": {"bot/web/socket_mode.py"},
    # The environment.
    "dotenv": {"models/settings.py"},
    "os.environ": {"models/settings.py"},
    "os.getenv": {"models/settings.py"},
    # The clock; what measures durations (`time.monotonic`) is nobody's.
    "datetime.date.today": {"models/clock.py"},
    "datetime.datetime.now": {"models/clock.py"},
    "datetime.datetime.today": {"models/clock.py"},
    "datetime.datetime.utcnow": {"models/clock.py"},
    "time.time": {"models/clock.py"},
    "time.time_ns": {"models/clock.py"},
}
# Parts of models/ that wait for something, or use a package that does more than compute.
EFFECTS = frozenset(
    {
        "models/access/audit_log.py",
        "models/access/directory_sync.py",
        "models/access/email_links.py",
        "models/access/jwt.py",
        "models/access/token_store.py",
        "models/admin",
        "models/assignment/candidates.py",
        "models/assignment/workload.py",
        "models/engine/ai_request_log.py",
        "models/engine/category_models.py",
        "models/engine/classifier.py",
        "models/engine/priority_model.py",
        "models/engine/redaction.py",
        "models/engine/training_store.py",
        "models/engine/vectorizer.py",
        "models/health_checks.py",
        "models/infra",
        "models/job_queue",
        "models/messages/direct_messages.py",
        "models/messages/slack_client.py",
        "models/people/guest_admission.py",
        "models/people/store.py",
        "models/search",
        "models/settings.py",
        "models/migrations.py",
        "models/services.py",
        "models/ticket_service.py",
        "models/ticket_store",
        "models/triage/taxonomy_store.py",
        "models/webhooks/store.py",
        "models/workspace/settings_store.py",
    }
)
_COMPUTING_PACKAGES = {"models", "pydantic", "re2"}
SOURCES = source_files("bot", "jobs", "models")


def test_each_package_has_one_owner() -> None:
    strangers = {
        f"{source.path} uses {name}"
        for source in SOURCES
        for name in used_names(source)
        if (owned := _owned_name(name)) and not _owns(source, OWNERS[owned])
    }

    assert strangers == set()


def test_rules_and_records_only_compute() -> None:
    """All of models/ but the listed parts waits for nothing and reaches out of no process."""
    computing = (source for source in source_files("models") if not _owns(source, EFFECTS))

    assert [source.path for source in computing if _has_effects(source)] == []


def _has_effects(source: SourceFile) -> bool:
    waits = (ast.Await, ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith)
    packages = {name.split(".")[0] for name in used_names(source)} - sys.stdlib_module_names
    return not packages <= _COMPUTING_PACKAGES or any(
        isinstance(node, waits) for node in ast.walk(source.tree)
    )


def _owned_name(name: str) -> str:
    """The longest owned name that this one is, or lies in."""
    parents = [name.rsplit(".", cut)[0] for cut in range(name.count(".") + 1)]
    return next((parent for parent in parents if parent in OWNERS), "")


def _owns(source: SourceFile, owners: Collection[str]) -> bool:
    return any(source.path == owner or source.path.startswith(f"{owner}/") for owner in owners)
