"""Literal names of model fields exist: pydantic ignores unknown ones without an error."""

import ast
from collections.abc import Iterator

from tests.rules.source_files import SourceFile, source_files

_PRODUCT = ("bot", "models", "jobs")


def test_each_copied_or_dumped_field_is_a_field_of_a_model() -> None:
    fields = model_fields(source_files(*_PRODUCT))

    unknown = [
        f"{source.path}:{line}: {name}"
        for source in source_files(*_PRODUCT, "tests")
        for name, line in named_fields(source.tree)
        if name not in fields
    ]

    assert unknown == []


def test_unknown_field_is_found() -> None:
    tree = ast.parse(
        "def change(ticket):\n"
        "    changes = {'said': None}\n"
        "    ticket.model_dump(exclude={'tried'})\n"
        "    ticket.model_copy(update={'held': True})\n"
        "    return ticket.model_copy(update=changes)\n"
    )

    assert {name for name, _ in named_fields(tree)} == {"said", "tried", "held"}


def model_fields(sources: list[SourceFile]) -> set[str]:
    """The fields of all pydantic models in these files."""
    nodes = [node for source in sources for node in ast.walk(source.tree)]
    classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
    models = {"BaseModel", "BaseSettings"}
    while new := {c.name for c in classes if models & set(map(ast.unparse, c.bases))} - models:
        models |= new
    return {
        statement.target.id
        for model in classes
        if model.name in models
        for statement in model.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    }


def named_fields(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The literal field names in `update`, `include` and `exclude`, each with its line.

    A dictionary or set in a local variable counts, too.
    """
    for scope in ast.walk(tree):
        if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        variables = {
            target.id: node.value
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in (node for node in ast.walk(scope) if isinstance(node, ast.Call)):
            for value in _field_arguments(call):
                literal = variables.get(value.id) if isinstance(value, ast.Name) else value
                yield from _literal_names(literal)


def _field_arguments(call: ast.Call) -> list[ast.expr]:
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    arguments = {
        "model_copy": {"update"},
        "model_dump": {"include", "exclude"},
        "model_dump_json": {"include", "exclude"},
    }.get(method, set())
    return [keyword.value for keyword in call.keywords if keyword.arg in arguments]


def _literal_names(literal: ast.expr | None) -> Iterator[tuple[str, int]]:
    names: list[ast.expr | None] = []
    if isinstance(literal, ast.Dict):
        names = list(literal.keys)
    elif isinstance(literal, ast.Set):
        names = list(literal.elts)
    for name in names:
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            yield name.value, name.lineno
