"""How long the fast road takes to its first word, above what the model server itself takes, while many answers stream.

`python -m bench chat` asks a scripted model server (a process of its own) directly and through Zhinang by turns, five
times a second each, while fifty long answers are written and followed. The search is real, over a few documents that
are there for the while. It needs no key, and asks no other model.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from statistics import median, quantiles
from typing import Any

HOST = "127.0.0.1"
LONG = "And everything about it, please?"
RATE, DELAY = 10.0, 0.1
"""Pieces of an answer a second, and seconds before the first."""
SHORT_PIECES, LONG_PIECES = 12, 3_000
SUBJECTS = ("leave", "travel", "hotels", "laptops", "parking", "training", "visitors", "keys", "canteen", "archive")
ALLOWED_MEDIAN_MS, ALLOWED_P95_MS = 60, 150


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench chat", description=__doc__)
    parser.add_argument("--seconds", type=int, default=20, help="how long questions are asked")
    parser.add_argument("--rate", type=float, default=5, help="new questions a second")
    parser.add_argument("--streams", type=int, default=50, help="answers that stream meanwhile")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.serve:
        asyncio.run(_serve(options.serve))
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

    from accounts.models import Person
    from agents.models import Conversation
    from kb.beir import QuestionSet, SetDocument
    from kb.evaluation import shelved
    from llm.companion import local_models

    documents = [
        SetDocument(
            f"d{number}", f"Rule {number} on {subject}", f"The rule on {subject} allows {number + 3} days a year."
        )
        for number, subject in enumerate(SUBJECTS * 20)
    ]

    def quiet(what: str, done: int, total: int) -> None:
        return None

    with local_models(settings.MODEL_SERVERS), shelved(QuestionSet("chat", documents, []), quiet) as shelf:
        person = Person.objects.filter(is_superuser=True).first()
        assert person, "the shelf is an administrator's"
        before = time.time()
        try:
            return asyncio.run(_asked(options, port, person, shelf.collection.pk))
        finally:
            Conversation.objects.filter(person=person, title__startswith="How many days", listed=True).filter(
                created_at__gte=_moment(before)
            ).delete()


def _moment(seconds: float) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC)


async def _asked(options: argparse.Namespace, port: int, person: Any, collection: int) -> dict[str, Any]:
    import httpx2
    from asgiref.sync import sync_to_async

    from agents import runs
    from agents.events import Failed, Text

    async with httpx2.AsyncClient(timeout=30) as client:

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
            run = await sync_to_async(runs.start, thread_sensitive=False)(
                person, question, mode="fast", collections=[collection]
            )
            async for _seq, event in runs.follow(run.pk):
                if isinstance(event, Failed):
                    raise RuntimeError(event.message_en)
                if isinstance(event, Text):
                    return time.perf_counter() - begun
            raise RuntimeError("no answer")

        async with _streams(options.streams, person, collection):
            for number in range(3):
                await direct(number)
                await through(number)
            alone = await _paced(options, direct, through)
    directly, ours = alone
    above = [1000 * (time_ - median(directly)) for time_ in ours]
    return {
        "questions": len(ours),
        "streams": options.streams,
        "direct_ms": {"median": _ms(median(directly)), "p95": _ms(_p95(directly))},
        "through_ms": {"median": _ms(median(ours)), "p95": _ms(_p95(ours))},
        "above_ms": {"median": round(median(above), 1), "p95": round(_p95(above), 1)},
        "above_p95_of_direct_ms": round(1000 * (_p95(ours) - _p95(directly)), 1),
        "allowed_ms": {"median": ALLOWED_MEDIAN_MS, "p95": ALLOWED_P95_MS},
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
async def _streams(count: int, person: Any, collection: int) -> AsyncIterator[None]:
    """So many long answers under way and followed."""
    from asgiref.sync import sync_to_async

    from agents import runs
    from agents.events import Text

    writing = asyncio.Semaphore(0)

    async def follow(run: Any) -> None:
        begun = False
        async for _seq, event in runs.follow(run.pk):
            if isinstance(event, Text) and not begun:
                begun = True
                writing.release()

    started = []
    for number in range(count):
        question = f"How many days does rule {number} allow? {LONG}"
        started.append(await sync_to_async(runs.start)(person, question, mode="fast", collections=[collection]))
    followers = [asyncio.ensure_future(follow(run)) for run in started]
    for _ in started:
        await asyncio.wait_for(writing.acquire(), 60)
    try:
        yield
    finally:
        for run in started:
            await sync_to_async(runs.cancel)(run)
        await asyncio.gather(*followers)


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
            await _reply(writer, LONG_PIECES if LONG.encode() in body else SHORT_PIECES)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _reply(writer: asyncio.StreamWriter, pieces: int) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
        b"transfer-encoding: chunked\r\n\r\n"
    )
    await asyncio.sleep(DELAY)
    for number in range(pieces):
        _event(writer, {"choices": [{"index": 0, "delta": {"content": f"word {number} "}, "finish_reason": None}]})
        await writer.drain()
        await asyncio.sleep(1 / RATE)
    _event(writer, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    writer.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
    await writer.drain()


def _event(writer: asyncio.StreamWriter, data: dict[str, Any]) -> None:
    frame = b"data: %s\n\n" % json.dumps(data).encode()
    writer.write(b"%x\r\n%s\r\n" % (len(frame), frame))
