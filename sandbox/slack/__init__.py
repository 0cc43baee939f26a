"""A simulated Slack workspace, as strict as the real one; it can test any Bolt app."""
