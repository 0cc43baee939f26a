"""Running steps: the step runner, its retry policies and the sweep."""
