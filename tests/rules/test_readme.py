"""What the documents promise is there: settings, paths and commands."""

import importlib.util
import re
from pathlib import Path

import pytest

from models.settings import Settings
from tests.project import ROOT

# CHANGELOG.md may name what has gone since.
PROMISES = [path for path in sorted(ROOT.glob("*.md")) if path.name != "CHANGELOG.md"]
SETTINGS = {name.upper() for name in Settings.model_fields}
FOLDERS = ("bot", "jobs", "models", "sandbox", "tests")
FILE_KINDS = (".py", ".md", ".yml", ".yaml", ".toml", ".txt", ".example")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_the_readme_has_a_table_of_all_settings_and_no_others() -> None:
    section = re.split(r"^#+ .*Settings.*$", _read(ROOT / "README.md"), flags=re.MULTILINE)[1]
    table = re.split(r"^#+ ", section, flags=re.MULTILINE)[0]
    first_columns = re.findall(r"^\|([^|]*)\|", table, flags=re.MULTILINE)
    named = {name for column in first_columns for name in re.findall(r"`([A-Z_]+)`", column)}

    assert named == SETTINGS


def test_the_example_environment_has_all_settings_and_no_others() -> None:
    lines = re.findall(r"^#? ?([A-Z][A-Z_]+)=", _read(ROOT / ".env.example"), flags=re.MULTILINE)

    assert sorted(lines) == sorted(SETTINGS)


@pytest.mark.parametrize("document", PROMISES, ids=lambda path: path.name)
def test_every_path_it_names_exists(document: Path) -> None:
    text = _read(document)
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    files = {path for path in links if "://" not in path}
    named = {code.rstrip("/") for code in _code(text) if _looks_like_a_path(code)}

    assert {path for path in files if not (ROOT / path).exists()} == set()
    assert {path for path in named if not _exists(path)} == set()


@pytest.mark.parametrize("document", PROMISES, ids=lambda path: path.name)
def test_every_make_command_it_names_is_a_target(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", _read(ROOT / "Makefile"), flags=re.MULTILINE))

    assert {name for code in _code(_read(document)) for name in _makes(code)} <= targets


@pytest.mark.parametrize("document", PROMISES, ids=lambda path: path.name)
def test_every_module_it_runs_can_be_run(document: Path) -> None:
    named = {
        name
        for code in _code(_read(document))
        for name in re.findall(r"\bpython3? -m ([\w.]+)", code)
    }

    assert {name for name in named if not _can_be_run(name)} == set()


@pytest.mark.parametrize("document", PROMISES, ids=lambda path: path.name)
def test_every_worker_it_starts_exists(document: Path) -> None:
    named = {
        name for code in _code(_read(document)) for name in re.findall(r"\barq ([\w.]+)", code)
    }

    assert named <= {"jobs.worker.WorkerSettings"}


def _code(text: str) -> list[str]:
    """What stands between backticks, in a line or as a block."""
    blocks = re.findall(r"```[a-z]*\n(.*?)```", text, flags=re.DOTALL)
    rest = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return blocks + re.findall(r"`([^`\n]+)`", rest)


def _looks_like_a_path(code: str) -> bool:
    if not re.fullmatch(r"[\w.-]+(/[\w.-]*)*", code):
        return False
    return code.endswith(FILE_KINDS) or "/" in code.removeprefix(".venv")


def _exists(path: str) -> bool:
    """Whether there is such a path; in a map, the folder it lies in may have been said before."""
    inside = (each for folder in FOLDERS for each in (ROOT / folder).rglob("*"))
    return (ROOT / path).exists() or any(f"/{each}".endswith(f"/{path}") for each in inside)


def _makes(code: str) -> list[str]:
    return re.findall(r"^(?:\$ )?make (?:-s )?([a-z]+)", code, flags=re.MULTILINE)


def _can_be_run(name: str) -> bool:
    """Whether `python -m` finds it; a package must have a `__main__`."""
    try:
        found = importlib.util.find_spec(name)
        if found and found.submodule_search_locations:
            found = importlib.util.find_spec(f"{name}.__main__")
    except ModuleNotFoundError:
        return False
    return found is not None
