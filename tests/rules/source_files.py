"""The project's own source, as the rules read it: files, and the outside names they use."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.project import ROOT


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One Python file of the project.

    Attributes:
        path: relative to the project's root, with slashes.
    """

    path: str
    text: str
    tree: ast.Module


def source_files(*folders: str) -> list[SourceFile]:
    """Every Python file under these folders of the project."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return [_read_source(path) for path in paths]


def used_names(source: SourceFile) -> set[str]:
    """Every imported thing the file uses, by its full dotted name, however it was imported.

    `from datetime import datetime as dt` and then `dt.now()` is a use of `datetime.datetime.now`.
    """
    imported = dict(_imported_names(source.tree))
    # `import os.path` binds `os`.
    tops = {name.split(".")[0] for name in imported if "." in name}
    names = {top: top for top in tops} | imported
    attributes = (node for node in ast.walk(source.tree) if isinstance(node, ast.Attribute))
    dotted = (_dotted_name(node, names) for node in attributes)
    return {*imported.values(), *_imported_by_name(source.tree), *filter(None, dotted)}


@cache
def _read_source(path: Path) -> SourceFile:
    text = path.read_text(encoding="utf-8")
    return SourceFile(path=path.relative_to(ROOT).as_posix(), text=text, tree=ast.parse(text))


def _imported_names(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each imported name: as it is called in the file, and in full."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name, alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _imported_by_name(tree: ast.Module) -> Iterator[str]:
    """The modules that `importlib.import_module("…")` imports."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called, first = node.func, node.args[0]
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name in {"import_module", "__import__"} and isinstance(first, ast.Constant):
            yield str(first.value)


def _dotted_name(node: ast.expr, names: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute) and (base := _dotted_name(node.value, names)):
        return f"{base}.{node.attr}"
    return None
