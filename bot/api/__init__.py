"""The HTTP API for programs, `/api/v1`: the same actions and permissions as in Slack."""
