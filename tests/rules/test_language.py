"""Names and sentences are plain: the rules are in CONTRIBUTING.md, "Style"."""

import ast
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.project import ROOT
from tests.rules.plain_language import (
    participle_functions,
    riddles_in_comments,
    riddles_in_docstrings,
    riddles_in_prose,
    riddles_in_strings,
    subject_problem,
    unclear_test_names,
)
from tests.rules.source_files import source_files

PRODUCT = source_files("bot", "jobs", "models")
SHOWN = source_files("bot", "jobs", "models", "sandbox")
EVERYTHING = [*SHOWN, *source_files("tests")]


def test_docstrings_open_with_their_subject() -> None:
    assert [place for source in EVERYTHING for place in riddles_in_docstrings(source)] == []


def test_comments_open_with_their_subject() -> None:
    assert [place for source in EVERYTHING for place in riddles_in_comments(source)] == []


def test_sentences_that_people_read_open_with_their_subject() -> None:
    assert [place for source in SHOWN for place in riddles_in_strings(source)] == []


def test_documents_open_their_sentences_with_the_subject() -> None:
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    places = [
        place
        for path in documents
        for place in riddles_in_prose(path.name, path.read_text(encoding="utf-8"))
    ]

    assert places == []


def test_test_names_say_the_case() -> None:
    assert [place for source in EVERYTHING for place in unclear_test_names(source)] == []


def test_functions_are_verbs_or_nouns() -> None:
    assert [place for source in PRODUCT for place in participle_functions(source)] == []


def test_each_class_name_stands_once() -> None:
    modules: defaultdict[str, list[str]] = defaultdict(list)
    for source in PRODUCT:
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                modules[node.name].append(source.path)

    assert {name: paths for name, paths in modules.items() if len(paths) > 1} == {}


def test_commit_subjects_are_imperative_sentences(tmp_path: Path) -> None:
    """The hook of pre-commit runs the same check as a program."""
    assert subject_problem("cards: Show the priority first.") == ""
    unclear = (
        "Show the priority first.",
        "cards: What is urgent comes first.",
        "cards: Show the priority; hide the model.",
        "cards: Show the priority",
        "cards: shown first.",
    )
    assert [subject for subject in unclear if not subject_problem(subject)] == []
    message = tmp_path / "COMMIT_EDITMSG"
    message.write_text(f"{unclear[1]}\n\nBecause.\n", encoding="utf-8")

    hook = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.rules.commit_message", str(message)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert hook.returncode == 1
    assert "imperative" in hook.stderr


def test_the_checks_find_what_they_are_for() -> None:
    """Without this, a check that finds nothing would pass for ever."""
    text = '"""Who calls."""\n# What is kept.\ndef told():\n    return "Whoever asks gets it."\n'
    source = type(EVERYTHING[0])(path="x.py", text=text, tree=ast.parse(text))

    assert list(riddles_in_docstrings(source)) == ["x.py:1 Who calls."]
    assert list(riddles_in_comments(source)) == ["x.py:2 What is kept."]
    assert list(participle_functions(source)) == ["x.py:3 told"]
    assert list(riddles_in_strings(source)) == ["x.py:4 Whoever asks gets it."]
    assert list(riddles_in_prose("x.md", "Who asks for a ticket gets one.")) != []
