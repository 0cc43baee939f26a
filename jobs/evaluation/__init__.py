"""Evaluation of engines on tickets with known answers: `frontdesk eval`."""
