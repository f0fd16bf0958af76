"""A page is looked at as curl does it, and what is wrong is named: nobody there, no name, no trust, no time, a code."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from contracts.wire import Serve
from fireline.connectors.pages import Pages
from fireline.connectors.ports import Ports
from fireline.core.question import Answer, curl, nc

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Type: text/plain\r\n\r\nwell"


@pytest.fixture
def pages() -> Iterator[Pages]:
    client = Pages()
    yield client
    client.close()


@pytest.fixture
def no_head() -> Iterator[str]:
    """A server that knows GET only and answers 501 to HEAD, as Python's own does."""

    class Plain(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"well")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Plain)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join(10)
    server.server_close()


def ask(client: Pages, *args: str, seconds: float = 5) -> Answer:
    question = curl.understand(("curl", *args), {"PATH": "/usr/bin:/bin"})
    assert question is not None
    return client.answer(question, seconds)


def answer(status: str, *headers: str, body: bytes = b"") -> bytes:
    lines = (f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", "")
    return "\r\n".join(lines).encode() + body


@pytest.mark.req(54)
def test_a_page_that_answers_is_told_with_its_time(pages: Pages, serve: Serve) -> None:
    found = ask(pages, "-f", serve(OK).url)
    assert (found.output, found.exit_code) == ("well", 0)
    assert " answered 200 OK in " in found.findings[0]
    assert found.ran.startswith("GET http://127.0.0.1:")


@pytest.mark.req(54)
def test_a_bad_code_is_a_finding_whether_or_not_curl_counts_it(pages: Pages, serve: Serve) -> None:
    url = serve(answer("503 Service Unavailable", body=b"sorry")).url
    kind = ask(pages, "-I", url)
    assert kind.exit_code == 0
    assert kind.findings[0].endswith(": it runs and is unwell.")
    assert "without -f" in kind.findings[1]
    strict = ask(pages, "-fsS", url)
    assert (strict.output, strict.exit_code) == ("curl: (22) The requested URL returned error: 503\n", 22)
    assert ask(pages, "-fs", url).output == ""
    busy = ask(pages, "-I", serve(answer("429 Too Many Requests", "Retry-After: 30")).url)
    assert "too many requests, again after 30 s" in busy.findings[0]
    moved = ask(pages, "-I", serve(answer("301 Moved Permanently", "Location: https://shop.example/x?key=1")).url)
    assert moved.findings[0].endswith("a redirect to shop.example, which is not followed.")


@pytest.mark.req(54)
def test_where_head_is_not_taken_get_is_asked(pages: Pages, no_head: str) -> None:
    found = ask(pages, "-I", no_head)
    assert found.output.startswith("HTTP/1.0 200 OK\r\n")
    assert "well" not in found.output
    assert found.findings[0].endswith(" to GET (it does not take HEAD: 501).")
    assert found.ran.endswith("answered 501, so GET was asked instead")


@pytest.mark.req(54)
def test_no_answer_has_its_reason_and_curl_s_number(
    pages: Pages, serve: Serve, nobody: str, tls: ssl.SSLContext
) -> None:
    strange = serve(OK, tls=tls).url
    cases = {
        "refused the connection": (nobody, 7),
        "is a name that does not resolve": ("http://no.such.host.invalid/", 6),
        "showed a certificate that cannot be trusted": (strange, 60),
        "failed the TLS handshake": (serve(OK).url.replace("http:", "https:"), 35),
        "closed the connection without a whole answer": (serve(b"").url, 52),
    }
    for words, (url, code) in cases.items():
        found = ask(pages, "-sS", url)
        assert found.exit_code == code
        assert words in found.findings[0]
        assert found.output.startswith(f"curl: ({code}) ")
    hang = ask(pages, "-sS", "-m", "0.3", serve(hold=True).url)
    assert (hang.exit_code, "did not answer in time" in hang.findings[0]) == (28, True)
    assert ask(pages, "-k", strange).exit_code == 0


def test_caches_tell_how_old_their_answer_is(pages: Pages, serve: Serve) -> None:
    cached = answer("200 OK", "X-Cache: HIT", "Age: 312", "Cache-Control: max-age=3600")
    assert ask(pages, "-I", serve(cached).url).findings[1:] == (
        "Cache: HIT (x-cache), 312 s old, Cache-Control max-age=3600.",
    )


def test_a_page_too_large_for_memory_is_cut_by_nobody_but_curl(pages: Pages, serve: Serve) -> None:
    url = serve(answer("200 OK", body=b"x" * 5_000_000)).url
    found = ask(pages, "-s", "-o", "/dev/null", "-w", "%{http_code} %{size_download}\\n", url)
    assert found.output == "200 5000000\n"


@pytest.mark.parametrize(
    "args", [("-s",), ("-sI",), ("-si",), ("-fsS",), ("-s", "-o", "/dev/null", "-w", "%{http_code} %{content_type}\\n")]
)
@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "302 Found"])
def test_the_output_is_what_curl_prints(pages: Pages, serve: Serve, args: tuple[str, ...], status: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("skipped: no curl to compare with")
    url = serve(
        answer(status, "Content-Type: text/plain", "X-Odd: spaced", body=b"" if "-sI" in args else b"plums\n")
    ).url
    said = subprocess.run(["curl", *args, url], capture_output=True, check=False, timeout=10)
    found = ask(pages, *args, url)
    assert found.exit_code == said.returncode
    assert found.output.split("\n") == (said.stdout + said.stderr).decode().split("\n")


@pytest.mark.req(59)
def test_a_port_is_open_closed_or_filtered() -> None:
    ports = Ports()

    def look(host: str, port: int, *more: str) -> Answer:
        question = nc.understand(("nc", "-zv", *more, host, str(port)), {})
        assert question is not None
        return ports.answer(question, 5)

    with socket.create_server(("127.0.0.1", 0), backlog=1) as door:
        port = door.getsockname()[1]
        found = look("127.0.0.1", port)
        assert (found.exit_code, f"127.0.0.1:{port} is open" in found.findings[0]) == (0, True)
    found = look("127.0.0.1", port)
    assert found.output == f"nc: connect to 127.0.0.1 (127.0.0.1) port {port} (tcp) failed: Connection refused\n"
    assert (found.exit_code, "is closed" in found.findings[0]) == (1, True)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as first, socket.socket() as second:
        for one in (first, second):  # whose places nobody takes: the kernel drops what comes next, as a firewall does
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        found = look("127.0.0.1", full.getsockname()[1], "-w", "1")
        assert (found.exit_code, "is filtered: no answer at all" in found.findings[0]) == (1, True)
    found = look("no.such.host.invalid", 80)
    assert found.findings == ("no.such.host.invalid is a name that does not resolve.",)
    quiet = nc.understand(("nc", "-z", "127.0.0.1", str(port)), {})
    assert quiet is not None
    assert ports.answer(quiet, 5).output == ""
    ports.close()
