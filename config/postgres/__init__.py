"""Django's PostgreSQL backend, with an embedded server when none is configured and row-level security that always binds."""
