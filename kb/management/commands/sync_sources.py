"""`manage.py sync_sources [ID…]`: look at the sources that are due, or at these, here and now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import get_language

from kb.access import acting_as_system
from kb.models_sources import Source
from kb.sources.claims import due
from kb.sources.work import work_on


class Command(BaseCommand):
    help = "Look at the sources that are due, or at those named by their numbers, and say what changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sources", nargs="*", type=int, help="numbers of sources; all that are due otherwise")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = options["sources"]
        if chosen:
            with acting_as_system():
                Source.objects.filter(pk__in=chosen, state=Source.State.ACTIVE).update(wanted=True)
        failed = sum(not self._look(source_id) for source_id in chosen or due())
        if failed:
            raise CommandError(f"{failed} sources could not be followed; see above why.")

    def _look(self, source_id: int) -> bool:
        while work_on(source_id):
            pass
        with acting_as_system():
            source = Source.objects.filter(pk=source_id).first()
            run = source and source.runs.first()
        if source is None or run is None:
            self.stderr.write(f"{source_id}: there is no such source, or it was never looked at.")
            return False
        names = ("added", "changed", "unchanged", "deleted", "failed")
        counts = ", ".join(f"{getattr(run, name)} {name}" for name in names)
        self.stdout.write(f"{source.pk} {source.name}: {counts}")
        if source.error_code:
            chinese = (get_language() or "en").startswith("zh")
            self.stderr.write(source.error_zh if chinese else source.error_en)
        return not source.error_code
