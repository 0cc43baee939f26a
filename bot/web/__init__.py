"""The HTTP side of the bot: server, request verification, Socket Mode and e-mail link pages."""
