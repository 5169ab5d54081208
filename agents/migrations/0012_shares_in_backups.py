from django.db import migrations

# A backup is made as the system, by a role that row-level security binds: it has to see what it keeps.
SEEN = """
create policy agents_share_system on agents_share for select using (
    (select current_setting('kb.scopes', true)) = '*'
);
"""


class Migration(migrations.Migration):
    dependencies = [("agents", "0011_shares")]

    operations = [migrations.RunSQL(SEEN, "drop policy agents_share_system on agents_share;")]
