"""How engines are held against tickets whose category is known."""

from pathlib import Path

import numpy as np
import pytest

from jobs.evaluation.cli import run_cli, write_table
from jobs.evaluation.datasets import category_dataset, read_rows
from jobs.evaluation.replay import EvaluationRun, Predictions, score_runs


def test_figures_are_those_of_the_answers() -> None:
    answers = Predictions(["a", "a", "b", "b"], np.array([1.0, 1.0, 1.0, 0.0]))

    found = score_runs(
        [EvaluationRun(answers, ["a", "a", "b", "a"], ms_per_ticket=0, training_seconds=0)]
    )

    assert (found.accuracy, found.ece, found.coverage) == (0.75, 0.0, 0.75)
    assert found.macro_f1 == pytest.approx((4 / 5 + 2 / 3) / 2)


def test_draws_are_held_against_what_is_right_together() -> None:
    unsure = np.array([0.5, 0.5])
    right = EvaluationRun(
        Predictions(["a", "b"], unsure, tokens=3), ["a", "b"], ms_per_ticket=1, training_seconds=2
    )
    wrong = EvaluationRun(
        Predictions(["a", "b"], unsure, tokens=5), ["b", "a"], ms_per_ticket=3, training_seconds=4
    )

    found = score_runs([right, wrong])

    assert (found.accuracy, found.ece) == (0.5, 0.0)
    assert (found.ms_per_ticket, found.training_seconds, found.tokens) == (2, 3, 4)


def test_rows_of_no_category_are_not_learnt(tmp_path: Path) -> None:
    file = tmp_path / "some.csv"
    file.write_text("text,intent\nvpn,net\nhello,oos\n", encoding="utf-8")

    data = category_dataset("some", read_rows(file), ())

    assert data
    assert data.out_of_scope == ("hello",)
    assert [(each.text, each.label) for each in data.examples] == [("vpn", "net")]
    assert [category.name for category in data.categories] == ["net"]


def test_only_what_is_between_the_markers_is_written_anew(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    marked = "<!-- a: begin -->\n{}\n<!-- a: end -->\n<!-- b: begin -->\nb\n<!-- b: end -->\n"
    page.write_text(f"above\n{marked.format('old')}below\n", encoding="utf-8")

    write_table(page, "a", "new")

    assert page.read_text(encoding="utf-8") == f"above\n{marked.format('new')}below\n"


def test_a_folder_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="There is no"):
        run_cli([str(tmp_path / "none")])
