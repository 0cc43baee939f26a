"""Compares the services that a function names with those that it gets."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

from models.services import Services


def wrong_types(function: Callable[..., Any], services: Services) -> Iterator[str]:
    """The arguments whose service has another type."""
    hints = get_type_hints(function)
    for parameter in inspect.signature(function).parameters.values():
        is_needed = parameter.kind is parameter.KEYWORD_ONLY and parameter.name in vars(services)
        if is_needed and not isinstance(vars(services)[parameter.name], hints[parameter.name]):
            yield f"{function.__qualname__}({parameter.name})"
