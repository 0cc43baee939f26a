"""Tickets: their state, workflow, permissions, pending steps and storage."""
