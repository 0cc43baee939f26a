"""The entities of a workspace: people, channels, messages, user groups and uploads."""
