"""The real browser that tests and screenshots use."""
