"""Access for other programs: API tokens and webhooks."""
