"""API tokens, e-mail links, the audit log, and the sync of members with Slack's directory."""
