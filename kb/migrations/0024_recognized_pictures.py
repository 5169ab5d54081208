import django.db.models.deletion
from django.db import migrations, models

# What OCR read of versions that are not complete yet: the pipeline alone sees it.
GUARD = """
alter table kb_recognizedpicture enable row level security;
alter table kb_recognizedpicture force row level security;
create policy kb_recognizedpicture_pipeline on kb_recognizedpicture
    using ((select current_setting('kb.scopes', true)) = '*');
"""
NO_GUARD = """
drop policy kb_recognizedpicture_pipeline on kb_recognizedpicture;
alter table kb_recognizedpicture disable row level security;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("kb", "0023_vectors_in_graph"),
    ]

    operations = [
        migrations.CreateModel(
            name="RecognizedPicture",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ordinal", models.PositiveIntegerField()),
                ("data", models.JSONField()),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="kb.documentversion"
                    ),
                ),
            ],
            options={
                "ordering": ["version", "ordinal"],
                "constraints": [models.UniqueConstraint(fields=("version", "ordinal"), name="picture_once")],
            },
        ),
        migrations.RunSQL(GUARD, NO_GUARD),
    ]
