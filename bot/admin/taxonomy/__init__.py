"""Skills and categories, and the form that tests triage with them."""
