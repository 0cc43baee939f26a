"""Each outside package, the environment and the clock have one owner file."""

import ast
import sys
import tomllib
from pathlib import PurePosixPath

import pytest

from tests.project import ROOT
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
    # What stands before Bolt: the proof that a request is Slack's, and the socket.
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
# What neither waits for anything nor reaches out of the process.
COMPUTE = {"pydantic", "re2"}
SOURCES = source_files("bot", "jobs", "models")
_LOWEST_TOOL = "batching"


def _language() -> list[SourceFile]:
    """The files of models/ below the layers of tools that pyproject.toml names, gates and all."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each.get("containers") == ["models"])
    tools = {
        name.strip(" ()")
        for layer in layers[: layers.index(_LOWEST_TOOL) + 1]
        for name in layer.split("|")
    }
    return [each for each in source_files("models") if PurePosixPath(each.path).stem not in tools]


LANGUAGE = _language()


@pytest.mark.parametrize("owned", OWNERS)
def test_only_its_owner_uses_it(owned: str) -> None:
    strangers = {
        source.path
        for source in SOURCES
        for name in used_names(source)
        if _owned_name(name) == owned and not _owns(source, OWNERS[owned])
    }

    assert strangers == set()


@pytest.mark.parametrize("word", LANGUAGE, ids=lambda source: source.path)
def test_the_language_of_the_desk_awaits_nothing_and_only_computes(word: SourceFile) -> None:
    waits = (ast.Await, ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith)
    packages = {name.split(".")[0] for name in used_names(word)} - sys.stdlib_module_names

    assert not any(isinstance(node, waits) for node in ast.walk(word.tree))
    assert packages <= {"models", *COMPUTE}


def _owned_name(name: str) -> str:
    """The longest owned name that this one is, or lies in."""
    parents = [name.rsplit(".", cut)[0] for cut in range(name.count(".") + 1)]
    return next((parent for parent in parents if parent in OWNERS), "")


def _owns(source: SourceFile, owners: set[str]) -> bool:
    return any(source.path == owner or source.path.startswith(f"{owner}/") for owner in owners)
