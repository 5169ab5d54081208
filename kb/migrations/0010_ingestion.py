from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("kb", "0004_search_index_guards")]

    operations = [
        migrations.RemoveField("documentversion", "cancel_requested"),
        migrations.AddField("documentversion", "started_at", models.DateTimeField(null=True)),
        migrations.AddField("documentversion", "retry_at", models.DateTimeField(null=True)),
        migrations.AddField("documentversion", "parsed_at", models.DateTimeField(null=True)),
        migrations.AddField("page", "folded", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.AddField("page", "headings", models.JSONField(default=list)),
        migrations.AddIndex(
            "documentversion", models.Index(fields=["uploaded_by", "-started_at"], name="versions_turns")
        ),
    ]
