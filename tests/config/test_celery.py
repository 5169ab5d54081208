"""Celery is configured by our settings, whatever kind of broker they name."""

from pathlib import Path

import pytest
from celery.beat import Scheduler
from django.conf import settings

from config.celery import SWEEPS, app, broker_options


def test_the_settings_reach_celery() -> None:
    assert app.conf.broker_url == settings.CELERY_BROKER_URL == "filesystem://localhost"
    assert Path(app.conf.broker_transport_options["data_folder_in"]).is_relative_to(settings.VAR_DIR)
    assert app.conf.task_serializer == "json"
    assert app.conf.accept_content == ["json"]


def test_every_scheduled_task_is_there() -> None:
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert scheduled >= set(SWEEPS)
    assert scheduled <= set(app.tasks)


def test_the_timetable_leaves_no_file() -> None:
    assert app.conf.beat_scheduler == f"{Scheduler.__module__}:{Scheduler.__qualname__}"


@pytest.mark.parametrize(
    ("url", "option"),
    [
        ("filesystem://", "control_folder"),
        ("redis://localhost:6379/0", "socket_connect_timeout"),
        ("rediss://localhost:6379/0", "socket_connect_timeout"),
    ],
)
def test_each_broker_gets_its_own_options(url: str, option: str, tmp_path: Path) -> None:
    assert option in broker_options(url, tmp_path / "broker")["broker_transport_options"]
    assert (tmp_path / "broker" / "messages").exists() == url.startswith("filesystem")


def test_rabbitmq_needs_none(tmp_path: Path) -> None:
    assert broker_options("amqp://localhost", tmp_path / "broker") == {}
