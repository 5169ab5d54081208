from typing import Any

from django.apps import AppConfig


class KbConfig(AppConfig):
    name = "kb"

    def ready(self) -> None:
        from django.db.models.signals import pre_delete

        from kb.attachments import forget_those_of

        def leaving(instance: Any, **_kwargs: Any) -> None:
            forget_those_of(instance)

        # Accounts know nothing of documents, and rows that refer to somebody who is gone cannot stay.
        pre_delete.connect(leaving, sender="accounts.Person", weak=False, dispatch_uid="attachments")
