"""The listeners and forms of a ticket, in Slack."""
