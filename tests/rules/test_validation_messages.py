"""What is kept of people is in no error's words, which may come into a log."""

import importlib
from collections.abc import Iterator

from pydantic import BaseModel

from tests.project import ROOT


def kept() -> Iterator[type[BaseModel]]:
    """The desk's own models."""
    for path in sorted((ROOT / "models").rglob("*.py")):
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for one in vars(module).values():
            is_model = isinstance(one, type) and issubclass(one, BaseModel)
            if is_model and one.__module__ == module.__name__:
                yield one


def test_no_model_quotes_what_it_could_not_read() -> None:
    models = list(kept())
    quoting = [
        one.__qualname__ for one in models if not one.model_config.get("hide_input_in_errors")
    ]

    assert len(models) > 20
    assert quoting == []
