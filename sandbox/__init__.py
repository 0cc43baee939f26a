"""The outside world, simulated on one machine: Slack, mail, Gemini, MongoDB and Redis."""
