"""The table of `make sabotage` names existing sabotages, test files and test functions."""

import ast

import pytest

from tests.project import ROOT
from tests.sabotage.__main__ import SABOTAGE_CASES
from tests.sabotage.sitecustomize import SABOTAGES

TESTS = sorted({test for case in SABOTAGE_CASES for test in case.tests})


@pytest.mark.parametrize("test", TESTS)
def test_test_named_in_the_table_exists(test: str) -> None:
    path, _, name = test.partition("::")
    file = ROOT / "tests" / path

    assert file.is_file(), f"tests/{path} does not exist"
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert name in functions, f"tests/{path} has no {name}"


def test_sabotages_named_in_the_table_exist() -> None:
    assert {case.name for case in SABOTAGE_CASES} <= set(SABOTAGES)
