"""How long the fast road takes to its first word, above what the model server itself takes, while many answers stream.

`python -m bench chat` asks a scripted model server (a process of its own) directly and through Zhinang by turns, five
times a second each, while fifty long answers are written and followed. Zhinang is its web server, a process of its own
that is asked over HTTP (`POST /api/v1/ask`, streamed); the search is real, over documents that are there for the while.
It needs no key, and asks no other model. Beside the times it tells what processor time and memory the web server took,
and `--readers` follow one more answer meanwhile, in which hardly anything happens.
"""

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

import psutil
import uvloop

HOST = "127.0.0.1"
LONG, SLOW = "And everything about it, please?", "And slowly, please?"
RATE, SLOW_RATE, DELAY = 10.0, 0.2, 0.1
"""Pieces of an answer a second, and seconds before the first."""
SHORT_PIECES, LONG_PIECES = 12, 3_000
WORDS, WORDS_OF_DOCUMENT = 4_000, 120
SUBJECTS = ("leave", "travel", "hotels", "laptops", "parking", "training", "visitors", "keys", "canteen", "archive")
ALLOWED_MEDIAN_MS, ALLOWED_P95_MS = 60, 150


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench chat", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long questions are asked")
    parser.add_argument("--rate", type=float, default=5, help="new questions a second")
    parser.add_argument("--streams", type=int, default=50, help="answers that stream meanwhile")
    parser.add_argument("--readers", type=int, default=0, help="readers of one more answer that hardly goes on")
    parser.add_argument("--documents", type=int, default=3000, help="passages to search in")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.serve:
        uvloop.run(_serve(options.serve))
        return 0
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    os.environ |= {
        "OPENAI_BASE_URL": f"http://{HOST}:{port}/v1",
        "OPENAI_API_KEY": "bench",
        "MODEL_PROFILE": "compatible",
        "INSTRUCT_MODEL": "bench",
        "THINKING_MODEL": "bench",
        "DATABASE_POOL": os.environ.get("DATABASE_POOL", "20"),  # as in the web server
    }
    server = subprocess.Popen([sys.executable, "-m", "bench", "chat", "--serve", str(port)])  # noqa: S603
    try:
        found = _measured(options, port)
    finally:
        server.terminate()
        server.wait(10)
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


def _measured(options: argparse.Namespace, port: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from accounts.api_keys import create_api_key
    from accounts.models import ApiKey, Person
    from agents.models import Conversation
    from kb.beir import QuestionSet, SetDocument
    from kb.evaluation import shelved
    from llm.companion import local_models

    call_command("migrate", interactive=False, verbosity=0)
    documents = [SetDocument(f"d{number}", *_document(number)) for number in range(options.documents)]

    def quiet(what: str, done: int, total: int) -> None:
        return None

    with local_models(settings.MODEL_SERVERS), shelved(QuestionSet("chat", documents, []), quiet) as shelf:
        # The shelf is an administrator's.
        person, _ = Person.objects.get_or_create(username="bench", defaults={"is_superuser": True})
        before = time.time()
        key = create_api_key(person, f"bench chat {os.getpid()}")
        try:
            with _web_server() as (web, process):
                return uvloop.run(_asked(options, port, Web(web, key, shelf.collection.pk, process)))
        finally:
            ApiKey.objects.filter(person=person, name=f"bench chat {os.getpid()}").delete()
            Conversation.objects.filter(person=person, title__startswith="How many days", listed=True).filter(
                created_at__gte=_moment(before)
            ).delete()


def _document(number: int) -> tuple[str, str]:
    """Title and text: a rule that can be asked for, among words as frequent as those of a language (Zipf's law)."""
    subject = SUBJECTS[number % len(SUBJECTS)]
    chance = random.Random(number)  # noqa: S311 - the same documents each time
    numbers = chance.choices(range(WORDS), [1 / (rank + 3) for rank in range(WORDS)], k=WORDS_OF_DOCUMENT)
    words = " ".join(_word(one) for one in numbers)
    return f"Rule {number} on {subject}", f"The rule on {subject} allows {number % 90 + 3} days a year. {words}."


def _word(number: int) -> str:
    syllables = ("ka", "lo", "mi", "ne", "ru", "so", "ta", "ve", "wi", "xu")
    return "".join(syllables[int(digit)] for digit in str(number))


def _moment(seconds: float) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC)


@dataclass(frozen=True)
class Web:
    """The web server, and how it is asked."""

    port: int
    key: str
    collection: int
    process: psutil.Process

    def body(self, question: str) -> dict[str, Any]:
        return {"question": question, "mode": "fast", "collections": [self.collection], "stream": True}

    def megabytes(self) -> float:
        return round(self.process.memory_info().rss / 2**20, 1)

    def processor_seconds(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def _web_server() -> Iterator[tuple[int, psutil.Process]]:
    """Zhinang's web server as the Procfile starts it."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    words = ["--host", HOST, "--port", str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application", *words, "--log-level", "warning"]
    server = subprocess.Popen(command)  # noqa: S603
    try:
        deadline = time.monotonic() + 60
        while True:
            with socket.socket() as probe:
                if probe.connect_ex((HOST, port)) == 0:
                    break
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("The web server does not start.")
            time.sleep(0.1)
        yield port, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(20)


async def _asked(options: argparse.Namespace, port: int, web: Web) -> dict[str, Any]:
    import httpx2

    headers = {"Authorization": f"Bearer {web.key}"}
    counted = {"pieces": 0}
    async with httpx2.AsyncClient(timeout=60, limits=httpx2.Limits(max_connections=None)) as client:

        async def direct(number: int) -> float:
            begun = time.perf_counter()
            body = {"model": "bench", "stream": True, "messages": [{"role": "user", "content": f"Question {number}?"}]}
            async with client.stream("POST", f"http://{HOST}:{port}/v1/chat/completions", json=body) as reply:
                async for line in reply.aiter_lines():
                    if '"content"' in line:
                        return time.perf_counter() - begun
            raise RuntimeError("no answer")

        async def through(number: int) -> float:
            begun = time.perf_counter()
            question = f"How many days does rule {number} on {SUBJECTS[number % len(SUBJECTS)]} allow?"
            url = f"http://{HOST}:{web.port}/api/v1/ask"
            async with client.stream("POST", url, json=web.body(question), headers=headers) as reply:
                async for line in reply.aiter_lines():
                    if line == "event: text":
                        return time.perf_counter() - begun
            raise RuntimeError("no answer")

        async with _streams(options.streams, web, counted), _readers(options.readers, client, web, headers):
            for number in range(3):
                await direct(number)
                await through(number)
            memory = [web.megabytes()]
            seconds, pieces, clock = web.processor_seconds(), counted["pieces"], time.monotonic()
            if not options.rate:
                await asyncio.sleep(options.seconds)
            directly, ours = await _paced(options, direct, through) if options.rate else ([0.0] * 2, [0.0] * 2)
            seconds, clock = web.processor_seconds() - seconds, time.monotonic() - clock
            pieces = counted["pieces"] - pieces
            memory.append(web.megabytes())
    above = [1000 * (time_ - median(directly)) for time_ in ours]
    return {
        "questions": len(ours),
        "streams": options.streams,
        "readers": options.readers,
        "documents": options.documents,
        "direct_ms": {"median": _ms(median(directly)), "p95": _ms(_p95(directly))},
        "through_ms": {"median": _ms(median(ours)), "p95": _ms(_p95(ours))},
        "above_ms": {"median": round(median(above), 1), "p95": round(_p95(above), 1)},
        "above_p95_of_direct_ms": round(1000 * (_p95(ours) - _p95(directly)), 1),
        "allowed_ms": {"median": ALLOWED_MEDIAN_MS, "p95": ALLOWED_P95_MS},
        "web_processor_share": round(seconds / clock, 3),
        "web_processor_ms_per_question": round(1000 * seconds / len(ours), 1),
        "web_memory_mb": memory,
        "text_events_a_second": round(pieces / clock, 1),
    }


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20)[-1]


async def _paced(
    options: argparse.Namespace, direct: Callable[[int], Awaitable[float]], through: Callable[[int], Awaitable[float]]
) -> tuple[list[float], list[float]]:
    """Both ways by turns, evenly over time; whoever is slow holds up nobody."""
    tasks: list[list[asyncio.Future[float]]] = [[], []]
    begun = time.perf_counter()
    for number in range(int(options.seconds * options.rate)):
        for way, ask in enumerate((direct, through)):
            due = begun + (number + way / 2) / options.rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks[way].append(asyncio.ensure_future(ask(number)))
    first, second = [await asyncio.gather(*group) for group in tasks]
    return list(first), list(second)


@asynccontextmanager
async def _streams(count: int, web: Web, counted: dict[str, int]) -> AsyncIterator[None]:
    """So many long answers under way and followed, read as cheaply as can be."""
    begun = asyncio.Semaphore(0)

    async def follow(number: int) -> None:
        body = json.dumps(web.body(f"How many days does rule {number} allow? {LONG}")).encode()
        reader, writer = await asyncio.open_connection(HOST, web.port)
        writer.write(
            b"POST /api/v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s" % (web.key.encode(), len(body), body)
        )
        is_first = True
        while data := await reader.read(65_536):
            if texts := data.count(b"event: text"):
                counted["pieces"] += texts
                if is_first:
                    is_first = False
                    begun.release()
        writer.close()

    followers = []
    for number in range(count):
        followers.append(asyncio.ensure_future(follow(number)))
        await asyncio.wait_for(begun.acquire(), 60)
    try:
        yield
    finally:
        for one in followers:
            one.cancel()
        await asyncio.gather(*followers, return_exceptions=True)


@asynccontextmanager
async def _readers(count: int, client: Any, web: Web, headers: dict[str, str]) -> AsyncIterator[None]:
    """So many readers of the events of one run that hardly goes on."""
    if not count:
        yield
        return
    body = web.body(f"How many days does rule 1 allow? {SLOW}")
    async with client.stream("POST", f"http://{HOST}:{web.port}/api/v1/ask", json=body, headers=headers) as reply:
        path = f"/api/v1/runs/{reply.headers['X-Run']}/events"
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {web.key}\r\n\r\n".encode()

        async def read() -> None:
            reader, writer = await asyncio.open_connection(HOST, web.port)
            writer.write(head)
            while await reader.read(65_536):
                pass
            writer.close()

        reading = [asyncio.ensure_future(read()) for _ in range(count)]
        await asyncio.sleep(3)
        try:
            yield
        finally:
            for one in reading:
                one.cancel()
            await asyncio.gather(*reading, return_exceptions=True)


async def _serve(port: int) -> None:
    server = await asyncio.start_server(_connection, HOST, port)
    async with server:
        await server.serve_forever()


async def _connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One client: each request is read whole and answered with a stream."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            body = await reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b""
            slow = SLOW.encode() in body
            pieces = LONG_PIECES if slow or LONG.encode() in body else SHORT_PIECES
            await _reply(writer, pieces, SLOW_RATE if slow else RATE)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    except RuntimeError:
        if not writer.is_closing():
            raise  # uvloop's way of saying that the other side has gone
    finally:
        writer.close()


async def _reply(writer: asyncio.StreamWriter, pieces: int, rate: float) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
        b"transfer-encoding: chunked\r\n\r\n"
    )
    await asyncio.sleep(DELAY)
    for number in range(pieces):
        _event(writer, {"choices": [{"index": 0, "delta": {"content": f"word {number} "}, "finish_reason": None}]})
        await writer.drain()
        await asyncio.sleep(1 / rate)
    _event(writer, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    writer.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
    await writer.drain()


def _event(writer: asyncio.StreamWriter, data: dict[str, Any]) -> None:
    frame = b"data: %s\n\n" % json.dumps(data).encode()
    writer.write(b"%x\r\n%s\r\n" % (len(frame), frame))
