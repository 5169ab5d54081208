"""`manage.py check_models`: asks every configured model one small question and says what to set where it fails."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from llm.checks import check_models

COLUMNS = ("", "check", "model", "seconds", "")


class Command(BaseCommand):
    help = "Check chat, thinking, tools, embeddings and rerank of the configured model servers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        servers = settings.MODEL_SERVERS
        checks = check_models(servers, "zh-hans" if settings.LANGUAGE_CODE == "zh-hans" else "en")
        if options["json"]:
            self.stdout.write(json.dumps({"checks": [asdict(check) for check in checks]}, ensure_ascii=False))
        else:
            self.stdout.write(f"{servers.profile.name}: {servers.chat.base_url}")
            rows = [
                ("ok" if check.ok else "FAIL", check.name, check.model, f"{check.seconds:.2f}", check.sentence)
                for check in checks
            ]
            widths = [max(len(row[column]) for row in [COLUMNS, *rows]) for column in range(len(COLUMNS) - 1)]
            for row in [COLUMNS, *rows]:
                cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
                self.stdout.write("  ".join([*cells, row[-1]]).rstrip())
        if failed := [check.name for check in checks if not check.ok]:
            raise CommandError(f"{len(failed)} of {len(checks)} checks failed: {', '.join(failed)}.")
