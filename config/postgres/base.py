"""The database backend that `settings.DATABASES` names.

Two things differ from Django's own: the embedded server is started when it is needed, and a connection whose role
would pass by row-level security (a superuser, or one with BYPASSRLS) steps down to `zhinang_app` before anything is
asked of it.
"""

from pathlib import Path
from typing import Any

import psycopg
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base

from config.postgres import embedded

# One lock for all sessions that prepare a database at the same time: CREATE ROLE has no IF NOT EXISTS.
PREPARE = """
    select pg_advisory_xact_lock(7215305);
    create extension if not exists vector;
    do $$ begin
        if not exists (select from pg_roles where rolname = 'zhinang_app') then
            create role zhinang_app nologin nosuperuser nobypassrls;
        end if;
    exception when duplicate_object or unique_violation then null;
    end $$;
    grant usage, create on schema public to zhinang_app;
"""
PREPARED = """
    select exists (select from pg_extension where extname = 'vector')
       and exists (select from pg_roles where rolname = 'zhinang_app')
       and has_schema_privilege((select oid from pg_roles where rolname = 'zhinang_app'), 'public', 'create')
"""


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL as Zhinang uses it."""

    def get_connection_params(self) -> dict[str, Any]:
        folder: Path | None = self.settings_dict.get("EMBEDDED")
        if folder is not None:
            self.settings_dict["HOST"] = embedded.ensure_running(folder, self.settings_dict["NAME"])
        return dict(super().get_connection_params())

    def _configure_role(self, connection: "psycopg.Connection[Any]") -> bool:
        if self.alias == NO_DB_ALIAS or connection.info.dbname == "postgres":
            return False  # creating and dropping databases is the login role's work
        with connection.cursor() as cursor:
            row = cursor.execute(
                "select rolsuper or rolbypassrls from pg_roles where rolname = current_user"
            ).fetchone()
            if row is None or not row[0]:
                return False  # FORCE ROW LEVEL SECURITY binds an ordinary role, the tables' owner included
            prepared = cursor.execute(PREPARED).fetchone()
            if prepared is None or not prepared[0]:
                cursor.execute("begin")
                cursor.execute(PREPARE)
                cursor.execute("commit")
            cursor.execute("set role zhinang_app")
        return True
