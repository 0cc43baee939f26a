"""The Web API's methods, one module a family, and the table of them all."""

from sandbox.slack.methods import auth, blocks, chat, conversations, files, reactions, users, views
from sandbox.slack.methods.call import Method, MethodCall

METHODS: dict[str, Method] = {
    method.name: method
    for family in (auth, blocks, chat, conversations, files, reactions, users, views)
    for method in family.METHODS
}

__all__ = ["METHODS", "Method", "MethodCall"]
