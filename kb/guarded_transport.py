"""Requests of an asynchronous HTTP client through the gate: for protocols that bring their own client.

As in `kb.fetching`, every connection resolves its host once, checks every address and connects to a checked one; so a
redirect is checked like any other address. Answers are limited in size and are not unpacked.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from functools import cache

import httpcore2
import httpx2

from kb.errors import DocumentError
from kb.network import Gate

TRIED = 4
_MEANINGS: tuple[tuple[type[Exception], type[httpx2.TransportError], str], ...] = (
    (httpcore2.TimeoutException, httpx2.TimeoutException, "too_slow"),
    (httpcore2.NetworkError, httpx2.NetworkError, "not_reached"),
    (httpcore2.ProtocolError, httpx2.ProtocolError, "not_reached"),
)


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Connects where the gate lets it. `refusal` is the first thing that went wrong, in a person's words."""

    def __init__(self, through: Gate, size: int) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_trust(), network_backend=_GuardedBackend(through), max_connections=4
        )
        self._size = size
        self.refusal: DocumentError | None = None
        self.status = 0
        """Of the last answer."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        host = request.url.host
        request.headers["Accept-Encoding"] = "identity"
        url = request.url
        asked = httpcore2.Request(
            request.method,
            httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            answer = await self._pool.handle_async_request(asked)
        except Exception as error:
            raise self._told(error, host) from error
        self.status = answer.status
        response = httpx2.Response(answer.status, headers=answer.headers, stream=_Counted(self, answer, host))
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding != "identity":
            await answer.aclose()
            raise self.refuse(DocumentError("encoding_refused", encoding=encoding[:40]))
        return response

    async def pieces(self, answer: httpcore2.Response, host: str) -> AsyncIterator[bytes]:
        """The body of an answer, as far as it is not too large."""
        size = 0
        try:
            async for piece in answer.aiter_stream():
                size += len(piece)
                if size > self._size:
                    raise self.refuse(DocumentError("answer_too_large", host=host, kilobytes=self._size >> 10))
                yield piece
        except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise self._told(error, host) from error

    def _told(self, error: Exception, host: str) -> Exception:
        """An error of the connection as the client knows it."""
        if isinstance(error, DocumentError):
            return self.refuse(error)
        for kind, known, code in _MEANINGS:
            if isinstance(error, kind):
                self.refuse(DocumentError(code, host=host))
                return known(str(error))
        return error

    def refuse(self, refusal: DocumentError) -> httpx2.TransportError:
        """Remember why no more is read."""
        self.refusal = self.refusal or refusal
        return httpx2.ReadError(refusal.en)

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Counted(httpx2.AsyncByteStream):
    """The body of an answer, counted as it comes."""

    def __init__(self, transport: GuardedTransport, answer: httpcore2.Response, host: str) -> None:
        self._pieces = transport.pieces(answer, host)
        self._answer = answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces

    async def aclose(self) -> None:
        await self._answer.aclose()


class _GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to checked addresses only: the host is resolved here and nowhere else."""

    def __init__(self, through: Gate) -> None:
        self._gate = through
        self._system = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the library's own signature)
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        failed: Exception | None = None
        for address in (await asyncio.to_thread(self._gate.pass_through, host, port))[:TRIED]:
            try:
                return await self._system.connect_tcp(address, port, timeout, None, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
        raise failed or httpcore2.ConnectError(host)

    async def connect_unix_socket(self, *_: object, **__: object) -> httpcore2.AsyncNetworkStream:
        raise httpcore2.ConnectError("no sockets of this machine")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@cache
def _trust() -> ssl.SSLContext:
    """Reading the machine's certificates takes a tenth of a second; all share them."""
    return httpcore2.default_ssl_context()
