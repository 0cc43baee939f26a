"""The Web API over HTTP: requests from the app to Slack."""
