"""The changing state of a workspace: views, tokens, triggers, rate limits, faults and log."""
