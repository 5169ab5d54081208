"""A small web server whose pages a test writes: real sockets on loopback."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    """What stands at a path."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Answer = Page | Callable[[BaseHTTPRequestHandler], Page | None]


class Web:
    """Pages by their path, and the requests that came for them."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.url = ""
        self.over = threading.Event()  # set when the test ends: whoever waits for ever waits for this

    def put(self, path: str, body: bytes | str, status: int = 200, **headers: str) -> None:
        content = body.encode() if isinstance(body, str) else body
        self.pages[path] = Page(content, status, {name.replace("_", "-"): value for name, value in headers.items()})

    def asked(self) -> list[str]:
        """The paths asked for since the last call."""
        paths, self.requests = [path for path, _ in self.requests], []
        return paths

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests.append((handler.path, {name.lower(): value for name, value in handler.headers.items()}))
        page = self.pages.get(handler.path, Page(b"nothing here", 404))
        if callable(page):
            made = page(handler)
            if made is None:
                return
            page = made
        headers = {"Content-Type": "text/html; charset=utf-8", "ETag": f'"{hash(page.body)}"', **page.headers}
        status = 304 if handler.headers.get("If-None-Match") == headers["ETag"] else page.status
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(page.body) if status != 304 else 0))
        handler.end_headers()
        if status != 304:
            handler.wfile.write(page.body)


@contextmanager
def web_server() -> Iterator[Web]:
    """A running server; its address is `web.url`."""
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.answer(self)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        web.over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
