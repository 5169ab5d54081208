"""What a key may do. Keys that were made before keep all rights of their persons."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_audit"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="scope",
            field=models.CharField(choices=[("read", "Read and ask"), ("write", "Read, ask, and change documents and shares"), ("admin", "Everything that you may do, administration as well")], default="admin", max_length=10, verbose_name="What may it do?"),
        ),
    ]
