"""Settings of the tests: their own folder and database, the offline models, cheap password hashes, no network."""

import os
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "build" / "tests"
MODEL_VARIABLES = (
    "DASHSCOPE_API_KEY API_KEY OPENAI_API_KEY OPENAI_BASE_URL MODEL_PROFILE INSTRUCT_MODEL THINKING_MODEL "
    "EMBEDDING_MODEL EMBEDDING_DIMENSIONS EMBEDDING_BASE_URL EMBEDDING_API_KEY RERANK_MODEL RERANK_URL "
    "RERANK_API_KEY MODEL_REQUESTS_PER_MINUTE"
)
for name in (*MODEL_VARIABLES.split(), "CELERY_BROKER_URL", "STORAGE_URL"):
    os.environ.pop(name, None)
os.environ["VAR_DIR"] = os.environ.get("TEST_VAR_DIR", str(FOLDER))
# Nothing listens there: a test that needs models starts a server and says so in its own settings.
os.environ["LOCAL_MODEL_URL"] = "http://127.0.0.1:9/v1"
if url := os.environ.get("TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = url
else:
    os.environ.pop("DATABASE_URL", None)

from config.settings import *  # noqa: E402, F403

SECRET_KEY = "for tests alone: long enough, and of no use to anybody"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGE_URL = Path(tempfile.mkdtemp(prefix="zhinang-files-")).as_uri()
ALLOWED_HOSTS = ["*"]
SECOND_LOOK = "off"  # tests that are about it switch it on; the others count requests
