"""Django's PostgreSQL backend: an embedded server when none is configured, row-level security that always binds."""
