"""The functions that do the steps: `STEPS` in each module names the step of each function."""
