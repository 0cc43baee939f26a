"""The workspace in a browser: what people see in Slack, to look at and to use."""
