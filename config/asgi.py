"""The ASGI application."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Requests are many and short here: they share connections. Commands and workers keep one connection each instead.
os.environ.setdefault("DATABASE_POOL", "20")

from django.core.asgi import get_asgi_application

application = get_asgi_application()
