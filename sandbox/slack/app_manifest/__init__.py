"""The app manifest: Slack's rules for it, and the settings of the installed app."""
