"""The one way to fetch an address that a person, a page or a list named: http and https, through the gate.

Every connection resolves its host once, checks every address and connects to a checked one, while the request keeps
the host's name (also for TLS). Redirects are followed here, one by one, so each is a new address to be checked.
Nothing of the environment is used (proxies, .netrc), and time, size and redirects are limited.
"""

import mimetypes
import re
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from typing import IO, BinaryIO, cast
from urllib.parse import unquote

import httpcore2
from django.conf import settings
from httpx2 import URL, InvalidURL

from kb.errors import DocumentError
from kb.network import Gate
from kb.parsing.filenames import safe_filename

AGENT = "Zhinang"
REDIRECTS = (301, 302, 303, 307, 308)
GONE = (404, 410)
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}\Z")
_SUFFIXES = {"text/html": ".html", "application/xhtml+xml": ".html", "text/plain": ".txt", "text/markdown": ".md"}


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What one fetch may cost, all redirects together. Sizes are bytes, after decompression."""

    size: int
    seconds: float = 120
    idle_seconds: float = 20
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Fetched:
    """What stands at an address: its content, or None where it is as it was when `etag` or `modified` was told."""

    url: str
    file: BinaryIO | None
    media_type: str = ""
    filename: str = ""
    etag: str = ""
    modified: str = ""


def gate() -> Gate:
    """The gate that the settings describe."""
    return Gate.of(settings.FETCH_ALLOWED)


def checked_url(text: str) -> URL:
    """An http or https address without credentials.

    Raises:
        DocumentError: address_invalid, scheme_refused, address_credentials.
    """
    try:
        url = URL(text.strip()).copy_with(fragment=None)
    except (InvalidURL, ValueError, TypeError) as error:
        raise DocumentError("address_invalid") from error
    if url.scheme not in ("http", "https"):
        raise DocumentError("scheme_refused")
    if url.userinfo:
        raise DocumentError("address_credentials")
    if not url.host or (url.port is not None and not 0 < url.port < 65536):
        raise DocumentError("address_invalid")
    return url


def check_reachable(text: str) -> None:
    """Raises DocumentError where `fetch` would refuse the address itself; nothing is fetched."""
    url = checked_url(text)
    gate().pass_through(_host(url), _port(url))


@contextmanager
def fetch(
    text: str,
    *,
    limits: FetchLimits | None = None,
    etag: str = "",
    modified: str = "",
    headers: Mapping[str, str] | None = None,
    through: Gate | None = None,
) -> Iterator[Fetched]:
    """What stands at an address, in a temporary file that is gone after the block.

    `headers` go to the first host alone: a redirect to another one does not carry them along.

    Raises:
        DocumentError: address_invalid, scheme_refused, address_credentials, address_refused, host_unknown,
            not_reached, too_slow, too_many_redirects, page_gone, answered_with, encoding_refused, too_large.
    """
    limits = limits or FetchLimits(settings.MAX_UPLOAD_MB << 20)
    deadline = time.monotonic() + limits.seconds
    backend = _GuardedBackend(through or gate(), deadline)
    url = first = checked_url(text)
    conditions = {"If-None-Match": etag, "If-Modified-Since": modified}
    sent = {name: value for name, value in conditions.items() if value} | dict(headers or {})
    with httpcore2.ConnectionPool(network_backend=backend, max_connections=1) as pool:
        for _ in range(limits.redirects + 1):
            own = sent if _same_origin(url, first) else {}
            with _answer(pool, url, own, limits) as response:
                if response.status not in REDIRECTS:
                    with _content(url, response, limits) as fetched:
                        yield fetched
                    return
                url = _redirected(url, response)
    raise DocumentError("too_many_redirects", host=first.host)


class _TimedStream(httpcore2.NetworkStream):
    """A connection that ends at the deadline, however busily it trickles."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def _left(self, timeout: float | None) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("the time is over")
        return left if timeout is None else min(timeout, left)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: object, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._left(timeout))  # type: ignore[arg-type]
        return _TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _GuardedBackend(httpcore2.NetworkBackend):
    """Connects to checked addresses only: the host is resolved here and nowhere else."""

    def __init__(self, through: Gate, deadline: float) -> None:
        self._gate = through
        self._deadline = deadline
        self._system = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        failed: Exception | None = None
        for address in self._gate.pass_through(host, port)[:4]:
            left = max(0.1, self._deadline - time.monotonic())
            try:
                stream = self._system.connect_tcp(address, port, min(timeout or left, left), None, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
            else:
                return _TimedStream(stream, self._deadline)
        raise failed or httpcore2.ConnectError(host)

    def connect_unix_socket(self, *_: object, **__: object) -> httpcore2.NetworkStream:
        raise httpcore2.ConnectError("no sockets of this machine")


@contextmanager
def _answer(
    pool: httpcore2.ConnectionPool, url: URL, headers: Mapping[str, str], limits: FetchLimits
) -> Iterator[httpcore2.Response]:
    """The answer of one address, its body still to come."""
    address = httpcore2.URL(scheme=url.raw_scheme, host=_host(url).encode("ascii"), port=url.port, target=url.raw_path)
    sent = {"Host": url.netloc.decode("ascii"), "User-Agent": AGENT, "Accept": "*/*", "Accept-Encoding": "gzip"}
    waits = dict.fromkeys(("connect", "read", "write", "pool"), limits.idle_seconds)
    request = httpcore2.Request(
        "GET", address, headers=list((sent | dict(headers)).items()), extensions={"timeout": waits}
    )
    with _told(url):
        response = pool.handle_request(request)
    try:
        yield response
    finally:
        response.close()


@contextmanager
def _told(url: URL) -> Iterator[None]:
    """What goes wrong on the way, in a person's words. The query stays unsaid: it may hold a signature."""
    try:
        yield
    except httpcore2.TimeoutException as error:
        raise DocumentError("too_slow", host=url.host) from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise DocumentError("not_reached", host=url.host) from error


@contextmanager
def _content(url: URL, response: httpcore2.Response, limits: FetchLimits) -> Iterator[Fetched]:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    shown = str(url.copy_with(query=None))
    if response.status == 304:
        yield Fetched(str(url), None)
        return
    if response.status in GONE:
        raise DocumentError("page_gone", address=shown)
    if response.status != 200:
        raise DocumentError("answered_with", address=shown, status=response.status)
    with tempfile.SpooledTemporaryFile(max_size=1 << 20) as file:
        _receive(url, response, headers, file, limits.size)
        media_type = _message("Content-Type", headers.get("content-type", "")).get_content_type()
        yield Fetched(
            url=str(url),
            file=cast(BinaryIO, file),
            media_type=media_type if "content-type" in headers else "",
            filename=_filename(url, headers, media_type),
            etag=headers.get("etag", "")[:500],
            modified=headers.get("last-modified", "")[:100],
        )


def _receive(url: URL, response: httpcore2.Response, headers: Mapping[str, str], file: IO[bytes], limit: int) -> None:
    """Write the body into `file`, unpacked; what is counted is what comes out."""
    unpack = _unpacker(headers.get("content-encoding", "").strip().lower())
    size = 0
    with _told(url):
        for chunk in response.iter_stream():
            for piece in unpack(chunk):
                size += len(piece)
                if size > limit:
                    raise DocumentError("too_large", megabytes=limit >> 20)
                file.write(piece)
    file.seek(0)


def _unpacker(encoding: str) -> Callable[[bytes], Iterator[bytes]]:
    """A function that unpacks a chunk in small pieces, so that a bomb is noticed before it is large."""
    if encoding in ("", "identity"):
        return lambda chunk: iter((chunk,))
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise DocumentError("encoding_refused", encoding=encoding[:40])
    engine = zlib.decompressobj(zlib.MAX_WBITS | 32)

    def unpacked(chunk: bytes) -> Iterator[bytes]:
        try:
            while chunk:
                yield engine.decompress(chunk, 1 << 16)
                chunk = engine.unconsumed_tail
        except zlib.error as error:
            raise DocumentError("encoding_refused", encoding=encoding) from error

    return unpacked


def _redirected(url: URL, response: httpcore2.Response) -> URL:
    location = next((value for name, value in response.headers if name.lower() == b"location"), b"")
    try:
        target = url.join(location.decode("utf-8"))
    except (InvalidURL, ValueError, UnicodeDecodeError) as error:
        raise DocumentError("address_invalid") from error
    if not location:
        raise DocumentError("address_invalid")
    return checked_url(str(target))


def _filename(url: URL, headers: Mapping[str, str], media_type: str) -> str:
    """The name the server gives, else the last part of the address, with an extension where it has none."""
    given = _message("Content-Disposition", headers.get("content-disposition", "")).get_filename()
    name = safe_filename(given or unquote(url.path).rstrip("/").rpartition("/")[2] or url.host, "page")
    known = _SUFFIXES.get(media_type) or mimetypes.guess_extension(media_type) or ""
    if media_type in _SUFFIXES and media_type != "text/plain" and not name.lower().endswith((".htm", ".xhtml", known)):
        return name + known  # /report.php is a page, whatever made it
    return name if _SUFFIX.search(name) else name + known


def _message(name: str, value: str) -> Message:
    message = Message()
    if value:
        message[name] = re.sub(r"[\r\n\0]", " ", value)
    return message


def _host(url: URL) -> str:
    return url.raw_host.decode("ascii")


def _port(url: URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _same_origin(one: URL, other: URL) -> bool:
    return (one.scheme, one.host, _port(one)) == (other.scheme, other.host, _port(other))
