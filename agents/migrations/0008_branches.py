from itertools import groupby, islice

import django.db.models.deletion
from django.db import migrations, models


def follow_in_order(apps, schema_editor):
    """Conversations were lines so far: each question follows the answer that was shown to the one before it."""
    Run = apps.get_model("agents", "Run")

    def placed():
        runs = Run.objects.order_by("conversation", "created_at").values_list("conversation", "pk", "regenerates")
        for _conversation, rows in groupby(runs.iterator(), key=lambda row: row[0]):
            first, turns = {}, {}
            for _, pk, regenerates in rows:
                first[pk] = first.get(regenerates, pk)
                turns.setdefault(first[pk], []).append(pk)
            above = None
            for answers in turns.values():
                if above:
                    yield from (Run(pk=pk, follows_id=above) for pk in answers)
                above = answers[-1]

    runs = placed()
    while batch := list(islice(runs, 1000)):
        Run.objects.bulk_update(batch, ["follows"])


class Migration(migrations.Migration):

    dependencies = [
        ("agents", "0007_unanswered"),
    ]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="shown",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="follows",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="followed", to="agents.run"),
        ),
        migrations.RunPython(follow_in_order, migrations.RunPython.noop),
    ]
