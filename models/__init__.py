"""The language of the desk (pure) and its tools (each owns one outside package)."""
