import django.db.models.deletion
import pgvector.django.halfvec
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('kb', '0002_row_level_security'),
    ]

    operations = [
        migrations.CreateModel(
            name='EmbeddingGeneration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model', models.CharField(max_length=200)),
                ('dimensions', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('active', 'Active'), ('filling', 'Filling'), ('retired', 'Retired')], default='filling', max_length=10)),
                ('calibration', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('model', 'dimensions'), name='generation_once'), models.UniqueConstraint(condition=models.Q(('state', 'active')), fields=('state',), name='one_active_generation')],
            },
        ),
        migrations.CreateModel(
            name='IndexedVersion',
            fields=[
                ('version', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='kb.documentversion')),
                ('passages', models.PositiveIntegerField(default=0)),
                ('length', models.PositiveBigIntegerField(default=0)),
                ('scope', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='kb.scope')),
            ],
        ),
        migrations.CreateModel(
            name='IndexTotal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('passages', models.IntegerField()),
                ('length', models.BigIntegerField()),
                ('scope', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='kb.scope')),
            ],
        ),
        migrations.CreateModel(
            name='TermFrequency',
            fields=[
                ('pk', models.CompositePrimaryKey('term', 'scope_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('term', models.BigIntegerField()),
                ('passages', models.PositiveIntegerField()),
                ('scope', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='kb.scope')),
            ],
        ),
        migrations.CreateModel(
            name='PassageVector',
            fields=[
                ('pk', models.CompositePrimaryKey('generation_id', 'passage_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('passage_id', models.BigIntegerField()),
                ('version_id', models.BigIntegerField()),
                ('embedding', pgvector.django.halfvec.HalfVectorField()),
                ('generation', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='kb.embeddinggeneration')),
                ('scope', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='kb.scope')),
            ],
            options={
                'indexes': [models.Index(fields=['version_id', 'passage_id'], name='vector_by_passage'), models.Index(fields=['generation', 'scope'], name='vector_by_scope')],
            },
        ),
        migrations.CreateModel(
            name='Posting',
            fields=[
                ('pk', models.CompositePrimaryKey('term', 'scope_id', 'passage_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('term', models.BigIntegerField()),
                ('passage_id', models.BigIntegerField()),
                ('version_id', models.BigIntegerField()),
                ('frequency', models.FloatField()),
                ('length', models.PositiveIntegerField()),
                ('scope', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='kb.scope')),
            ],
            options={
                'indexes': [models.Index(fields=['version_id', 'passage_id'], name='posting_by_passage')],
            },
        ),
    ]
