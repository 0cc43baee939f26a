"""The job queue (Redis and arq), which wakes workers for due steps."""
