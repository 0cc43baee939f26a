"""Posting, changing and deleting messages by the app."""
