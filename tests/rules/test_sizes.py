"""Files, functions and folders stay small, and each file says in its first sentence what it is."""

import ast
from collections import Counter
from pathlib import PurePosixPath

from tests.project import ROOT
from tests.rules.source_files import source_files

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
MAX_FILES_IN_FOLDER = 16
SOURCES = source_files("bot", "jobs", "models", "sandbox")
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
_SENTENCE_ENDS = (".", "?", "!", ")", '"')


def test_files_are_short() -> None:
    lines = {source.path: source.text.count("\n") for source in SOURCES}
    pages = sorted((ROOT / "sandbox/page/static").iterdir())
    lines |= {path.name: path.read_text(encoding="utf-8").count("\n") for path in pages}

    assert {path: count for path, count in lines.items() if count > MAX_FILE_LINES} == {}


def test_functions_are_short() -> None:
    lengths = {
        f"{source.path}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for source in SOURCES
        for node in ast.walk(source.tree)
        if isinstance(node, _FUNCTIONS)
    }

    assert {name: length for name, length in lengths.items() if length > MAX_FUNCTION_LINES} == {}


def test_folders_hold_one_subject() -> None:
    files = Counter(str(PurePosixPath(source.path).parent) for source in SOURCES)

    assert {name: count for name, count in files.items() if count > MAX_FILES_IN_FOLDER} == {}


def test_each_file_says_what_it_is() -> None:
    silent = [
        source.path
        for source in [*SOURCES, *source_files("tests")]
        if not (ast.get_docstring(source.tree) or "")
        .split("\n\n")[0]
        .rstrip()
        .endswith(_SENTENCE_ENDS)
    ]

    assert silent == []
