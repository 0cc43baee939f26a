"""Messages in Slack: cards, their buttons and texts, and the client that sends them."""
