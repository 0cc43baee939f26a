"""How engines are held against tickets whose category is known."""

from pathlib import Path

import numpy as np
import pytest

from jobs.evaluating import evaluate, place_table
from jobs.evaluation import Answers, Replay, score
from jobs.known import categorised, rows_of


def test_figures_are_those_of_the_answers() -> None:
    answers = Answers(["a", "a", "b", "b"], np.array([1.0, 1.0, 1.0, 0.0]))

    found = score([Replay(answers, ["a", "a", "b", "a"], ms=0, learning=0)])

    assert (found.accuracy, found.ece, found.coverage) == (0.75, 0.0, 0.75)
    assert found.macro_f1 == pytest.approx((4 / 5 + 2 / 3) / 2)


def test_draws_are_held_against_what_is_right_together() -> None:
    unsure = np.array([0.5, 0.5])
    right = Replay(Answers(["a", "b"], unsure, tokens=3), ["a", "b"], ms=1, learning=2)
    wrong = Replay(Answers(["a", "b"], unsure, tokens=5), ["b", "a"], ms=3, learning=4)

    found = score([right, wrong])

    assert (found.accuracy, found.ece) == (0.5, 0.0)
    assert (found.ms, found.learning, found.tokens) == (2, 3, 4)


def test_rows_of_no_category_are_not_learnt(tmp_path: Path) -> None:
    file = tmp_path / "some.csv"
    file.write_text("text,intent\nvpn,net\nhello,oos\n", encoding="utf-8")

    data = categorised("some", rows_of(file), ())

    assert data
    assert data.strangers == ("hello",)
    assert [(each.text, each.label) for each in data.known] == [("vpn", "net")]
    assert [category.name for category in data.categories] == ["net"]


def test_only_what_is_between_the_markers_is_written_anew(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    marked = "<!-- a: begin -->\n{}\n<!-- a: end -->\n<!-- b: begin -->\nb\n<!-- b: end -->\n"
    page.write_text(f"above\n{marked.format('old')}below\n", encoding="utf-8")

    place_table(page, "a", "new")

    assert page.read_text(encoding="utf-8") == f"above\n{marked.format('new')}below\n"


def test_a_folder_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="There is no"):
        evaluate([str(tmp_path / "none")])
