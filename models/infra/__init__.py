"""Connections to MongoDB, Redis and external services, with logs and metrics."""
