"""`manage.py make_tables`: the tables of versions that were read before tables were kept."""

from typing import Any

from django.core.management.base import BaseCommand

from kb.earlier_tables import make_tables, waiting


class Command(BaseCommand):
    help = "Read versions once more that were read before tables were kept. It may be interrupted, and goes on later."

    def handle(self, *args: Any, **options: Any) -> None:
        total = waiting()
        for done, one in enumerate(make_tables(), 1):
            what = "is gone, or reads differently now" if one.tables is None else f"{one.tables} tables"
            self.stdout.write(f"{done}/{total} {one.filename}: {what}")
