from django.db import migrations

# The body names its table once and for all, so that it means the same in a session that looks for tables elsewhere, as
# pg_dump's does.
BOUND = """
create or replace function kb_scopes() returns bigint[] language sql stable
return case coalesce(current_setting('kb.scopes', true), '')
    when '' then '{}'::bigint[]
    when '*' then (select coalesce(array_agg(id), '{}') from kb_scope)
    else current_setting('kb.scopes', true)::bigint[]
end;
"""
FREE = """
create or replace function kb_scopes() returns bigint[] language sql stable as $$
    select case coalesce(current_setting('kb.scopes', true), '')
        when '' then '{}'::bigint[]
        when '*' then (select coalesce(array_agg(id), '{}') from kb_scope)
        else current_setting('kb.scopes', true)::bigint[]
    end
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("kb", "0024_recognized_pictures")]

    operations = [migrations.RunSQL(BOUND, FREE)]
