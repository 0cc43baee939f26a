"""Reads of many tickets: search, pages, similar tickets and the event feed."""
