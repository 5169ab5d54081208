from django.db import migrations

# What hides versions on a day is looked at by every question. PostgreSQL has no statistics of a comparison of date
# ranges and takes it to be true of nearly all of them; of a column it knows how few they are, and reads those alone.
DATED = """
alter table kb_indexedversion
    add column dated boolean generated always as (valid <> '{(,)}'::datemultirange) stored;
drop index indexed_not_always;
create index indexed_dated on kb_indexedversion (version_id) where dated;
analyze kb_indexedversion (dated);
"""
ANY = """
drop index indexed_dated;
alter table kb_indexedversion drop column dated;
create index indexed_not_always on kb_indexedversion (version_id) where valid <> '{(,)}'::datemultirange;
"""


class Migration(migrations.Migration):
    dependencies = [("kb", "0021_attachments")]

    operations = [migrations.RunSQL(DATED, ANY)]
