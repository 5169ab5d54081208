"""No address that somebody names leads us to our own servers: every form of it, through redirects, and by rebinding."""

import gzip
import ipaddress
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

import pytest
from pytest_django import Settings

from kb.errors import DocumentError
from kb.fetching import FetchLimits, check_reachable, checked_url, fetch
from kb.network import Gate, is_public
from tests.kb.web import Web, web_server

LIMITS = FetchLimits(100_000, seconds=5, idle_seconds=5)
CLOSED = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "3fff::1",
    "2606:4700::5efe:7f00:1",
    "5f00::1",
    "fe80::1%1",
]
OPEN = ["8.8.8.8", "1.1.1.1", "47.88.1.2", "2606:4700:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as web:
        yield web


@pytest.fixture
def gate() -> Gate:
    """Only the test's own server, which listens on 127.0.0.1."""
    return Gate.of(["127.0.0.1"])


def code(text: str, through: Gate, limits: FetchLimits = LIMITS) -> str:
    """What `fetch` refuses an address for."""
    with pytest.raises(DocumentError) as caught, fetch(text, limits=limits, through=through):
        pass
    assert caught.value.zh != caught.value.en
    return caught.value.code


@pytest.mark.parametrize("address", CLOSED)
def test_closed_addresses_are_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    through = Gate.of([], lambda host, port: [address])
    assert code("http://innocent.example/", through) == "address_refused"
    assert code("https://innocent.example:8443/", through) == "address_refused"


@pytest.mark.parametrize("address", OPEN)
def test_open_addresses_are_let_through(address: str) -> None:
    through = Gate.of([], lambda host, port: [address])
    expected = [str(ipaddress.ip_address(address))]
    assert through.pass_through("example.com", 443) == through.pass_through("example.com.", 8080) == expected


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "localhost", "localhost."]
)
def test_this_machine_is_refused_by_every_name(host: str) -> None:
    assert code(f"http://{host}/", Gate()) == "address_refused"


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "017700000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "0",
        "08.8.8.8",
        "8.8",
        "0x08080808",
        "1.1.1.1.1",
    ],
)
def test_addresses_written_to_deceive_are_refused_unasked(host: str) -> None:
    def asked(host: str, port: int) -> list[str]:
        raise AssertionError(host)

    assert code(f"http://{host}/", Gate.of([], asked)) in ("address_refused", "address_invalid")


def test_one_closed_address_among_open_ones_refuses_the_host() -> None:
    assert code("http://two.example/", Gate.of([], lambda *_: ["8.8.8.8", "10.0.0.1"])) == "address_refused"
    assert code("http://none.example/", Gate.of([], lambda *_: [])) == "host_unknown"
    assert code("http://odd.example/", Gate.of([], lambda *_: ["no address"])) == "host_unknown"


@pytest.mark.parametrize("port", [22, 25, 110])
def test_ports_of_other_protocols_are_refused(port: int) -> None:
    assert code(f"http://example.com:{port}/", Gate.of([], lambda *_: ["8.8.8.8"])) == "address_refused"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("file:///etc/passwd", "scheme_refused"),
        ("ftp://example.com/a", "scheme_refused"),
        ("gopher://127.0.0.1:6379/_x", "scheme_refused"),
        ("data:text/html,x", "scheme_refused"),
        ("javascript:alert(1)", "scheme_refused"),
        ("//example.com/a", "scheme_refused"),
        ("example.com", "scheme_refused"),
        ("", "scheme_refused"),
        ("http://", "address_invalid"),
        ("http:///path", "address_invalid"),
        ("http://example.com:99999999/", "address_invalid"),
        ("http://example.com:0/", "address_invalid"),
        ("http://exa\nmple.com/", "address_invalid"),
        ("http://①②⑦.⓪.⓪.①/", "address_invalid"),
        ("http://user:password@example.com/", "address_credentials"),
        ("http://example.com\\@127.0.0.1/", "address_credentials"),
    ],
)
def test_what_is_no_web_address_is_refused(text: str, expected: str) -> None:
    with pytest.raises(DocumentError) as caught:
        checked_url(text)
    assert caught.value.code == expected


def test_a_page_is_fetched(web: Web, gate: Gate) -> None:
    web.put("/a/Leave%20policy", "<p>Thirty days</p>", Last_Modified="Tue, 01 Jul 2025 08:00:00 GMT")
    with fetch(f"{web.url}/a/Leave%20policy#part", limits=LIMITS, through=gate) as page:
        assert page.file is not None
        assert page.file.read() == b"<p>Thirty days</p>"
        assert (page.filename, page.media_type) == ("Leave policy.html", "text/html")
        etag, modified = page.etag, page.modified
    with fetch(f"{web.url}/a/Leave%20policy", limits=LIMITS, through=gate, etag=etag, modified=modified) as page:
        assert page.file is None
    assert web.requests[1][1]["if-modified-since"] == "Tue, 01 Jul 2025 08:00:00 GMT"


def test_the_servers_file_name_is_made_safe(web: Web, gate: Gate) -> None:
    disposition = "attachment; filename*=UTF-8''..%2F..%2F%E5%B7%AE%E6%97%85.pdf"
    web.put("/x", b"%PDF-", Content_Type="application/pdf", Content_Disposition=disposition)
    with fetch(f"{web.url}/x", limits=LIMITS, through=gate) as page:
        assert page.filename == "差旅.pdf"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("http://169.254.169.254/latest/meta-data/", "address_refused"),
        ("http://[::ffff:10.0.0.1]/", "address_refused"),
        ("//127.0.0.2/", "address_refused"),
        ("http://localhost.:1/", "address_refused"),
        ("http://2130706433/", "address_refused"),
        ("file:///etc/passwd", "scheme_refused"),
        ("gopher://127.0.0.1/", "scheme_refused"),
        ("http://user:secret@127.0.0.1/", "address_credentials"),
        ("http://exa mple.com:x/", "address_invalid"),
        ("", "address_invalid"),
    ],
)
def test_each_redirect_is_checked_anew(web: Web, target: str, expected: str) -> None:
    web.put("/start", "", 302, Location="/next")
    web.put("/next", "", 307, Location=target)
    through = Gate.of(["127.0.0.1/32"], lambda host, port: ["127.0.0.1" if host == "127.0.0.1" else "127.0.0.3"])
    if target.startswith("//127"):
        through = Gate.of(["127.0.0.1/32"])
    assert code(f"{web.url}/start", through) == expected
    assert web.asked() == ["/start", "/next"]


def test_redirects_end(web: Web, gate: Gate) -> None:
    web.put("/round", "", 301, Location="/round")
    assert code(f"{web.url}/round", gate) == "too_many_redirects"
    assert len(web.asked()) == LIMITS.redirects + 1


def test_secrets_do_not_follow_a_redirect_to_another_host(web: Web) -> None:
    web.put("/start", "", 302, Location=web.url.replace("127.0.0.1", "other.example") + "/end")
    web.put("/end", "x")
    through = Gate.of(["127.0.0.1"], lambda host, port: ["127.0.0.1"])
    with fetch(f"{web.url}/start", limits=LIMITS, through=through, headers={"Authorization": "Bearer s"}):
        pass
    assert [headers.get("authorization") for _, headers in web.requests] == ["Bearer s", None]


def test_a_name_that_changes_its_address_gains_nothing(web: Web) -> None:
    """Rebinding: the address that was checked is the one that is connected to, and a new connection is a new check."""
    answers = iter(["127.0.0.1", "127.0.0.2", "127.0.0.2"])
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return [next(answers)]

    through = Gate.of(["127.0.0.1"], resolver)
    port = urlsplit(web.url).port
    web.put("/", "right")
    with fetch(f"http://rebind.example:{port}/", limits=LIMITS, through=through) as page:
        assert page.file is not None
        assert page.file.read() == b"right"
    assert asked == ["rebind.example"]
    assert web.requests[0][1]["host"] == f"rebind.example:{port}"
    assert code(f"http://rebind.example:{port}/", through) == "address_refused"


def test_the_environments_proxy_is_not_used(web: Web, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    web.put("/", "x")
    with fetch(f"{web.url}/", limits=LIMITS, through=gate) as page:
        assert page.media_type == "text/html"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"x" * 200_000, "identity"),
        (gzip.compress(b"\0" * 50_000_000), "gzip"),
        (zlib.compress(b"\0" * 50_000_000), "deflate"),
    ],
)
def test_too_much_is_refused_while_it_comes(web: Web, gate: Gate, body: bytes, encoding: str) -> None:
    web.put("/", body, Content_Encoding=encoding)
    assert code(f"{web.url}/", gate) == "too_large"


def test_packed_content_is_unpacked(web: Web, gate: Gate) -> None:
    web.put("/", gzip.compress(b"words " * 10_000), Content_Encoding="gzip")
    with fetch(f"{web.url}/", limits=LIMITS, through=gate) as page:
        assert page.file is not None
        assert page.file.read() == b"words " * 10_000
    web.put("/", b"no gzip", Content_Encoding="gzip")
    assert code(f"{web.url}/", gate) == "encoding_refused"
    web.put("/", b"x", Content_Encoding="br")
    assert code(f"{web.url}/", gate) == "encoding_refused"


def test_a_server_that_trickles_is_left(web: Web, gate: Gate) -> None:
    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        while not web.over.wait(0.05):
            try:
                handler.wfile.write(b"x")
            except OSError:
                return

    web.pages["/"] = trickle
    assert code(f"{web.url}/", gate, FetchLimits(100_000, seconds=0.4, idle_seconds=5)) == "too_slow"


def test_a_server_that_is_away_or_says_no_is_told_in_words(web: Web, gate: Gate) -> None:
    assert code("http://127.0.0.1:1/", gate) == "not_reached"
    assert code(f"{web.url}/absent", gate) == "page_gone"
    web.put("/closed?key=secret", "", 403)
    with pytest.raises(DocumentError, match="403") as caught, fetch(f"{web.url}/closed?key=secret", through=gate):
        pass
    assert "secret" not in str(caught.value)


def test_the_operator_may_open_a_closed_network(settings: Settings) -> None:
    with pytest.raises(DocumentError):
        check_reachable("http://127.0.0.1:8080/")
    settings.FETCH_ALLOWED = ["127.0.0.0/8", "wiki.corp.example"]
    check_reachable("http://127.0.0.1:8080/")
    named = Gate.of(settings.FETCH_ALLOWED, lambda host, port: ["10.1.2.3"])
    assert named.pass_through("Wiki.corp.example.", 80) == ["10.1.2.3"]
    with pytest.raises(DocumentError):
        named.pass_through("other.corp.example", 80)
