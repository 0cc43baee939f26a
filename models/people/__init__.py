"""Members of a workspace, and the policy about guests and people of other workspaces."""
