"""The bot process: the Bolt app with its listeners and forms, the HTTP server, and the API."""
