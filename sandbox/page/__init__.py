"""The browser page: a Slack workspace that people can see and use."""
