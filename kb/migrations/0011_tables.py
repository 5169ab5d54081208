import django.db.models.deletion
from django.db import migrations, models


GUARD = """
alter table {table} enable row level security;
alter table {table} force row level security;
create policy {table}_readers on {table} using (scope_id = any ((select kb_scopes())::bigint[]));
"""
TABLES = ("kb_documenttable", "kb_tablerows")


class Migration(migrations.Migration):
    dependencies = [
        ("kb", "0010_ingestion"),
    ]

    operations = [
        migrations.CreateModel(
            name="DocumentTable",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ordinal", models.PositiveIntegerField()),
                ("name", models.CharField(blank=True, max_length=200)),
                ("label", models.CharField(blank=True, max_length=200)),
                ("page", models.PositiveIntegerField(null=True)),
                ("columns", models.JSONField(default=list)),
                ("row_count", models.PositiveIntegerField(default=0)),
                ("header_start", models.PositiveBigIntegerField()),
                ("header_end", models.PositiveBigIntegerField()),
                ("end", models.PositiveBigIntegerField(default=0)),
                (
                    "document",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="kb.document"),
                ),
                (
                    "scope",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kb.scope"),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tables", to="kb.documentversion"
                    ),
                ),
            ],
            options={
                "ordering": ["version", "ordinal"],
            },
        ),
        migrations.CreateModel(
            name="TableRows",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first", models.PositiveIntegerField()),
                ("rows", models.JSONField(default=list)),
                (
                    "scope",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kb.scope"),
                ),
                (
                    "table",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="batches", to="kb.documenttable"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="kb.documentversion"
                    ),
                ),
            ],
            options={
                "ordering": ["table", "first"],
            },
        ),
        migrations.AddConstraint(
            model_name="documenttable",
            constraint=models.UniqueConstraint(fields=("version", "ordinal"), name="table_once"),
        ),
        migrations.AddConstraint(
            model_name="tablerows",
            constraint=models.UniqueConstraint(fields=("table", "first"), name="table_rows_once"),
        ),
        *(
            migrations.RunSQL(
                GUARD.format(table=table),
                f"drop policy {table}_readers on {table}; alter table {table} disable row level security;",
            )
            for table in TABLES
        ),
    ]
