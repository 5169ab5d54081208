"""`python -m tests.kb.worker`: a real Celery worker on the database, files and models of the test that starts it."""

import json
import os

import tests.settings as settings
from llm.profiles import ModelServers

given = json.loads(os.environ["WORKER_OF_TEST"])
settings.DATABASES["default"] = {**settings.DATABASES["default"], **given["database"]}
settings.DATABASES["default"].pop("EMBEDDED", None)
settings.STORAGE_URL = given["storage"]
settings.MODEL_SERVERS = ModelServers.from_environment({"LOCAL_MODEL_URL": given["models"]})
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

from config.celery import app  # noqa: E402

if __name__ == "__main__":
    app.worker_main(["--quiet", "worker", "--concurrency", "1", "--loglevel", "WARNING", "--without-mingle"])
