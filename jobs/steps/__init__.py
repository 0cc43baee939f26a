"""The functions that do the steps, one file per kind of step."""
