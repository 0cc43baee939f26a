"""The actions of people in the workspace: reading, typing, clicking and submitting."""
