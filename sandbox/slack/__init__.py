"""A Slack workspace of one's own, as strict as the real one; it could test any Bolt app."""
