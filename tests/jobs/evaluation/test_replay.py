"""The evaluation scores engines on tickets with known categories."""

from pathlib import Path

import numpy as np
import pytest

from jobs.evaluation.cli import run_cli, write_table
from jobs.evaluation.datasets import category_dataset, read_rows
from jobs.evaluation.replay import EvaluationRun, Predictions, score_runs


def test_score_of_one_run() -> None:
    predictions = Predictions(["a", "a", "b", "b"], np.array([1.0, 1.0, 1.0, 0.0]))

    score = score_runs(
        [EvaluationRun(predictions, ["a", "a", "b", "a"], ms_per_ticket=0, training_seconds=0)]
    )

    assert (score.accuracy, score.ece, score.coverage) == (0.75, 0.0, 0.75)
    assert score.macro_f1 == pytest.approx((4 / 5 + 2 / 3) / 2)


def test_runs_are_scored_together() -> None:
    unsure = np.array([0.5, 0.5])
    right = EvaluationRun(
        Predictions(["a", "b"], unsure, tokens=3), ["a", "b"], ms_per_ticket=1, training_seconds=2
    )
    wrong = EvaluationRun(
        Predictions(["a", "b"], unsure, tokens=5), ["b", "a"], ms_per_ticket=3, training_seconds=4
    )

    score = score_runs([right, wrong])

    assert (score.accuracy, score.ece) == (0.5, 0.0)
    assert (score.ms_per_ticket, score.training_seconds, score.tokens) == (2, 3, 4)


def test_out_of_scope_rows_are_not_trained_on(tmp_path: Path) -> None:
    file = tmp_path / "some.csv"
    file.write_text("text,intent\nvpn,net\nhello,oos\n", encoding="utf-8")

    dataset = category_dataset("some", read_rows(file), ())

    assert dataset
    assert dataset.out_of_scope == ("hello",)
    assert [(example.text, example.label) for example in dataset.examples] == [("vpn", "net")]
    assert [category.name for category in dataset.categories] == ["net"]


def test_write_table_replaces_only_the_text_between_its_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    template = "<!-- a: begin -->\n{}\n<!-- a: end -->\n<!-- b: begin -->\nb\n<!-- b: end -->\n"
    page.write_text(f"above\n{template.format('old')}below\n", encoding="utf-8")

    write_table(page, "a", "new")

    assert page.read_text(encoding="utf-8") == f"above\n{template.format('new')}below\n"


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="does not exist"):
        run_cli([str(tmp_path / "none")])
