"""Webhooks: registered addresses that receive ticket events, and the log of deliveries."""
