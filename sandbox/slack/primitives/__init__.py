"""Parts that every other module of the simulated Slack uses: ids, errors, clock, JSON."""
