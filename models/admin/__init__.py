"""Changes that admins and moderators make to members, the taxonomy and watchers."""
