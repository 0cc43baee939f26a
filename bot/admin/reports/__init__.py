"""Pages that show how Frontdesk works: health, triage accuracy, audit log, AI request log."""
