"""The methods of the Web API: one module for each family, and the table of all methods."""

from sandbox.slack.methods import (
    auth,
    blocks,
    bots,
    chat,
    conversations,
    files,
    reactions,
    team,
    usergroups,
    users,
    views,
)
from sandbox.slack.methods.call import Method, MethodCall

_FAMILIES = (
    auth,
    blocks,
    bots,
    chat,
    conversations,
    files,
    reactions,
    team,
    usergroups,
    users,
    views,
)
METHODS: dict[str, Method] = {
    method.name: method for family in _FAMILIES for method in family.METHODS
}

__all__ = ["METHODS", "Method", "MethodCall"]
