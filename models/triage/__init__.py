"""The result of triage, and the workspace's taxonomy that it is chosen from."""
