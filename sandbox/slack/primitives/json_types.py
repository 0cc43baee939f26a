"""JSON types and helpers: the object type, its text, and access by path."""

import json
from typing import Any

Json = dict[str, Any]


def to_json(value: object) -> str:
    """Return JSON as Slack writes it: compact, in Unicode."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def get_path(value: object, *path: str | int) -> Any:
    """Return the value at this path, or None if a part of the path is missing."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value
