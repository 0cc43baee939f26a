"""Texts and blocks: reading them, completing them, and the values of input elements."""
