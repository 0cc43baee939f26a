"""Files and functions stay small, and every file opens by saying what it is."""

import ast
from pathlib import Path

import pytest

from tests.project import ROOT
from tests.rules.source_files import SourceFile, source_files

LONGEST_FILE = 300
LONGEST_FUNCTION = 50
SOURCES = source_files("bot", "jobs", "models", "sandbox")


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.path)
def test_the_file_is_short(source: SourceFile) -> None:
    assert source.text.count("\n") <= LONGEST_FILE


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.path)
def test_its_functions_are_short(source: SourceFile) -> None:
    functions = (
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}

    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {}


@pytest.mark.parametrize(
    "source", [*SOURCES, *source_files("tests")], ids=lambda source: source.path
)
def test_it_opens_with_a_sentence_that_says_what_it_is(source: SourceFile) -> None:
    said = ast.get_docstring(source.tree) or ""

    assert said.split("\n\n")[0].rstrip().endswith((".", "?", "!", ")", '"'))


@pytest.mark.parametrize("path", sorted((ROOT / "sandbox/page/static").iterdir()), ids=str)
def test_a_file_of_the_page_is_short(path: Path) -> None:
    assert path.read_text().count("\n") <= LONGEST_FILE
