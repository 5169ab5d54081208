from django.db import migrations, models

# The vectors that there are stand in the graphs of their generations; new ones do not until `kb.graph` puts them there.
IN_GRAPH = """
alter table kb_passagevector add column in_graph boolean not null default true;
alter table kb_passagevector alter column in_graph set default false;
"""
# A graph that holds new vectors from the first would make writing them as slow as before.
GRAPHS = """
do $$
declare graph record;
begin
    for graph in
        select indexname, indexdef from pg_indexes where tablename = 'kb_passagevector' and indexname like 'vector_hnsw_%'
    loop
        execute format('drop index %I', graph.indexname);
        execute replace(graph.indexdef, ' WHERE (', ' WHERE (in_graph and ');
    end loop;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("kb", "0022_dated_versions")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(IN_GRAPH, "alter table kb_passagevector drop column in_graph"),
                migrations.RunSQL(GRAPHS, migrations.RunSQL.noop),
            ],
            state_operations=[
                migrations.AddField("passagevector", "in_graph", models.BooleanField(db_default=False)),
            ],
        ),
        migrations.AddIndex(
            "passagevector",
            models.Index(
                condition=models.Q(("in_graph", False)), fields=["generation", "scope"], name="vector_not_in_graph"
            ),
        ),
    ]
