"""The engines as a worker runs them: Gemini, and the built-in engine with its training."""
