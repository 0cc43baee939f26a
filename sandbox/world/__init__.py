"""The whole sandbox: its people, its services, and the real bot and worker."""
