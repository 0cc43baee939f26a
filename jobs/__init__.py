"""The desk works: one function per pending step, and the sweep that rings for what waits."""
