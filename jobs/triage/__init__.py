"""Triage of a ticket: by Gemini, or by the built-in engine."""
