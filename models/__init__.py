"""Everything that bot and worker share: tickets, people, triage, messages and storage."""
