# One image for the web server, the worker and beat.
FROM python:3.12-slim-bookworm

# ca-certificates: the model client trusts the system's store. libgl and glib: OpenCV, with which scans are read.
# git: repositories as sources.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates git libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN useradd --system --home-dir /app --uid 10001 zhinang && mkdir -p /data && chown zhinang /data
ENV PYTHONUNBUFFERED=1 VAR_DIR=/data PATH=/app:$PATH
USER zhinang
RUN SECRET_KEY=only-for-collecting-the-static-files VAR_DIR=/tmp/build python manage.py collectstatic --noinput --verbosity 0 \
    && mkdir -p /data/static && cp -r /tmp/build/static/. /data/static/ && rm -rf /tmp/build
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["uvicorn", "config.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--timeout-graceful-shutdown", "10"]
