"""The worker: one function per step, and the sweep that wakes workers for due steps."""
