"""No validation error quotes its input, which may hold personal data and reach a log."""

import importlib
from collections.abc import Iterator

from pydantic import BaseModel

from tests.project import ROOT


def stored_models() -> Iterator[type[BaseModel]]:
    """The pydantic models of the product."""
    for path in sorted((ROOT / "models").rglob("*.py")):
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for one in vars(module).values():
            is_model = isinstance(one, type) and issubclass(one, BaseModel)
            if is_model and one.__module__ == module.__name__:
                yield one


def test_models_hide_input_in_errors() -> None:
    models = list(stored_models())
    quoting = [
        one.__qualname__ for one in models if not one.model_config.get("hide_input_in_errors")
    ]

    assert len(models) > 20
    assert quoting == []
