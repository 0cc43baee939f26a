"""The shared parts of bot and worker: tickets, people, triage, messages and storage."""
