"""The outside world on one's own machine: Slack, mail, Gemini, MongoDB and Redis."""
