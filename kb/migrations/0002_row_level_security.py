from django.contrib.postgres.operations import CreateExtension
from django.db import migrations

# The scopes that the current transaction may read, as `kb.access` set them; none when nobody did.
FUNCTION = """
create function kb_scopes() returns bigint[] language sql stable as $$
    select case coalesce(current_setting('kb.scopes', true), '')
        when '' then '{}'::bigint[]
        when '*' then (select coalesce(array_agg(id), '{}') from kb_scope)
        else current_setting('kb.scopes', true)::bigint[]
    end
$$;
"""
# The sub-select is worked out once per query, which keeps each policy one plain comparison that index scans can use.
GUARD = """
alter table {table} enable row level security;
alter table {table} force row level security;
create policy {table}_readers on {table} using (scope_id = any ((select kb_scopes())::bigint[]));
"""
# A collection is seen by whoever may read one of its scopes; a new one has no scope yet when its row is written.
GUARD_COLLECTION = """
alter table kb_collection enable row level security;
alter table kb_collection force row level security;
create policy kb_collection_readers on kb_collection using (
    (select current_setting('kb.scopes', true)) = '*'
    or exists (select from kb_scope s where s.collection_id = kb_collection.id and s.id = any ((select kb_scopes())::bigint[]))
);
"""
TABLES = ("kb_document", "kb_documentversion", "kb_page", "kb_passage")


class Migration(migrations.Migration):
    dependencies = [("kb", "0001_initial")]

    operations = [
        CreateExtension("vector"),
        migrations.RunSQL(FUNCTION, "drop function kb_scopes()"),
        migrations.RunSQL(
            GUARD_COLLECTION,
            "drop policy kb_collection_readers on kb_collection; alter table kb_collection disable row level security;",
        ),
        *(
            migrations.RunSQL(
                GUARD.format(table=table),
                f"drop policy {table}_readers on {table}; alter table {table} disable row level security;",
            )
            for table in TABLES
        ),
    ]
