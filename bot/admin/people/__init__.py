"""Members and the guest policy: who may do what, and how admins change it."""
