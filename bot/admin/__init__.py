"""The pages and forms of admins: each listener stands beside its form."""
