"""Celery: messages carry ids and only wake workers; what is to be done stands in PostgreSQL."""

import os
import warnings
from pathlib import Path
from typing import Any

from celery import Celery, signals
from celery.schedules import crontab, schedule

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Celery warns of a worker that runs as root because pickled messages could harm; ours are JSON.
warnings.filterwarnings("ignore", message="You're running the worker with superuser")

SWEEPS = ("kb.tasks.sweep", "kb.tasks.sweep_sources", "agents.tasks.sweep")
SWEEP_SECONDS = 20.0

app = Celery("zhinang")


def configuration() -> dict[str, Any]:
    """Celery's settings, from Django's."""
    from django.conf import settings

    return {
        "broker_url": settings.CELERY_BROKER_URL,
        **broker_options(settings.CELERY_BROKER_URL, settings.VAR_DIR / "broker"),
        # A broker that is away is waited for, however long.
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        # A worker takes no message before it has time for it, so that another worker may. A message that arrives twice
        # does no harm, so what runs goes on when the broker is lost.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_concurrency": settings.WORKER_CONCURRENCY,
        "worker_proc_alive_timeout": 60.0,
        "worker_max_memory_per_child": 800_000,  # kilobytes
        "worker_soft_shutdown_timeout": 5.0,
        "worker_hijack_root_logger": False,
        "worker_send_task_events": False,
        "timezone": settings.TIME_ZONE,
        # Kept in memory: nothing here needs to know when it ran before the last start.
        "beat_scheduler": "celery.beat:Scheduler",
        "beat_schedule": {
            **{
                name: {"task": name, "schedule": schedule(SWEEP_SECONDS), "options": {"expires": SWEEP_SECONDS - 5}}
                for name in SWEEPS
            },
            "kb.tasks.collect_garbage": {
                "task": "kb.tasks.collect_garbage",
                "schedule": crontab(minute="17"),
                "options": {"expires": 3000},
            },
        },
    }


def broker_options(url: str, folder: Path) -> dict[str, Any]:
    """What each kind of broker needs; `folder` is where the one that works with files keeps them."""
    if url.startswith(("redis", "sentinel")):
        # A broker that is away must not keep an upload waiting.
        transport = {"socket_connect_timeout": 5, "socket_timeout": 30, "socket_keepalive": True}
        return {"broker_transport_options": transport}
    if not url.startswith("filesystem"):
        return {}
    for name in ("messages", "control"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {
        "broker_transport_options": {
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "control_folder": str(folder / "control"),
            "polling_interval": 0.2,  # seconds
        },
        "worker_enable_remote_control": False,  # its answers would stay behind as files
    }


@signals.worker_ready.connect
def look_for_work(**_: Any) -> None:
    """What was left behind before this start is taken up at once, not at the next sweep."""
    for name in SWEEPS:
        app.send_task(name, expires=SWEEP_SECONDS)


app.add_defaults(configuration)
app.autodiscover_tasks(["kb", "agents"])
