"""Celery: messages carry ids and only wake workers; what is to be done stands in PostgreSQL."""

import os
from pathlib import Path
from typing import Any

from celery import Celery
from celery.schedules import schedule

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("zhinang")


def configuration() -> dict[str, Any]:
    """Celery's settings, from Django's."""
    from django.conf import settings

    options: dict[str, Any] = {}
    if settings.CELERY_BROKER_URL.startswith("filesystem://"):
        folder: Path = settings.VAR_DIR / "broker"
        for name in ("messages", "control"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        options = {
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "control_folder": str(folder / "control"),
        }
    return {
        "broker_url": settings.CELERY_BROKER_URL,
        "broker_transport_options": options,
        "broker_connection_retry_on_startup": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "worker_concurrency": settings.WORKER_CONCURRENCY,
        "worker_hijack_root_logger": False,
        "worker_send_task_events": False,
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        "timezone": settings.TIME_ZONE,
        "beat_schedule_filename": str(settings.VAR_DIR / "beat-schedule"),
        "beat_schedule": {
            "take up what was left behind": {
                "task": "kb.tasks.sweep",
                "schedule": schedule(20.0),
                "options": {"expires": 15},
            },
            "take up abandoned runs": {
                "task": "agents.tasks.sweep",
                "schedule": schedule(20.0),
                "options": {"expires": 15},
            },
        },
    }


app.config_from_object(configuration)
app.autodiscover_tasks(["kb", "agents"])
