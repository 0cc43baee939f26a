"""The shape of what travels: JSON objects, and their text."""

import json
from typing import Any

Json = dict[str, Any]


def to_json(value: object) -> str:
    """JSON as Slack writes it: compact, in Unicode."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def get_path(value: object, *path: str | int) -> Any:
    """What lies at the end of the path, or None where the path breaks off."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value
