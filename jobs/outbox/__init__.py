"""Delivery to people and programs outside Slack: e-mails, SMTP and HTTP posts."""
