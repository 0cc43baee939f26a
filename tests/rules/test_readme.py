"""The settings, paths, commands and terms that the documents name exist."""

import importlib.util
import re
from pathlib import Path

from models.settings import Settings
from tests.project import ROOT
from tests.rules.source_files import source_files

# CHANGELOG.md may name files that a later release removed.
DOCUMENTS = [path for path in sorted(ROOT.glob("*.md")) if path.name != "CHANGELOG.md"]
SETTINGS = {name.upper() for name in Settings.model_fields}
FOLDERS = ("bot", "jobs", "models", "sandbox", "tests")
FILE_KINDS = (".py", ".md", ".yml", ".yaml", ".toml", ".txt", ".example")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_readme_lists_every_setting() -> None:
    section = re.split(r"^#+ .*Settings.*$", _read(ROOT / "README.md"), flags=re.MULTILINE)[1]
    table = re.split(r"^#+ ", section, flags=re.MULTILINE)[0]
    first_columns = re.findall(r"^\|([^|]*)\|", table, flags=re.MULTILINE)
    named = {name for column in first_columns for name in re.findall(r"`([A-Z_]+)`", column)}

    assert named == SETTINGS


def test_example_environment_lists_every_setting() -> None:
    lines = re.findall(r"^#? ?([A-Z][A-Z_]+)=", _read(ROOT / ".env.example"), flags=re.MULTILINE)

    assert sorted(lines) == sorted(SETTINGS)


def test_documents_name_paths_that_exist() -> None:
    missing = set()
    for document in DOCUMENTS:
        text = _read(document)
        links = {path for path in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) if "://" not in path}
        named = {code.rstrip("/") for code in _code(text) if _looks_like_a_path(code)}
        missing |= {path for path in links if not (document.parent / path).exists()}
        missing |= {path for path in named if not _exists(path)}

    assert missing == set()


def test_documents_name_commands_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", _read(ROOT / "Makefile"), flags=re.MULTILINE))
    code = [code for document in DOCUMENTS for code in _code(_read(document))]
    workers = {name for piece in code for name in re.findall(r"\barq ([\w.]+)", piece)}
    modules = {name for piece in code for name in re.findall(r"\bpython3? -m ([\w.]+)", piece)}

    assert {name for piece in code for name in _makes(piece)} <= targets
    assert workers <= {"jobs.worker.WorkerSettings"}
    assert {name for name in modules if not _can_be_run(name)} == set()


def test_recipes_name_things_that_exist() -> None:
    """CONTRIBUTING.md has a recipe for each usual change; its names are in the code."""
    recipes = _read(ROOT / "CONTRIBUTING.md").split("## Recipes")[1].split("\n## ")[0]
    code = "\n".join(source.text for source in source_files("bot", "jobs", "models", "tests"))
    names = {
        name.removesuffix("()")
        for name in re.findall(r"`([A-Za-z_][\w.]*(?:\(\))?)`", recipes)
        if not _looks_like_a_path(name)
    }

    assert len(re.findall(r"^### ", recipes, flags=re.MULTILINE)) == 5
    assert {name for name in names if name.rpartition(".")[2] not in code} == set()


def _code(text: str) -> list[str]:
    """The code of a Markdown text: inline and in blocks."""
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
    return re.findall(r"^(?:\$ )?make (?:-s )?([a-z-]+)", code, flags=re.MULTILINE)


def _can_be_run(name: str) -> bool:
    """Whether `python -m` finds it; a package must have a `__main__`."""
    try:
        found = importlib.util.find_spec(name)
        if found and found.submodule_search_locations:
            found = importlib.util.find_spec(f"{name}.__main__")
    except ModuleNotFoundError:
        return False
    return found is not None
