"""Requests from Slack to the app: commands, interactions and events, with acknowledgements."""
