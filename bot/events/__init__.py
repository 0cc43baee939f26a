"""Listeners for events that Slack sends without a person who waits for an answer."""
