"""The same moves for programs: `/api/v1`."""
