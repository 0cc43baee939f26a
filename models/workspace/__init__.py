"""The settings of a workspace, which its admins change in Slack."""
