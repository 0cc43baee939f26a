"""The services beside Slack: databases, mail server, Gemini stand-in and processes."""
