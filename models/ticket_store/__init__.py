"""Tickets in MongoDB: the store, intake, leases, the event log, and the migration."""
