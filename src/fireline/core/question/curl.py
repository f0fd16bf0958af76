"""`curl`: which address is asked how, what curl would print of the answer, and what the answer means.

HEAD and GET of one http(s) address are understood, with the flags that look at it. curl's exit codes are kept, as
scripts know them: https://curl.se/docs/manpage.html#EXIT-CODES
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from fireline.core.question import flags, own_settings

SWITCHES = frozenset(
    (
        *("-I", "--head", "-f", "--fail", "-s", "--silent", "-S", "--show-error", "-i", "--include"),
        *("-L", "--location", "-k", "--insecure", "-g", "--globoff"),
    )
)
VALUED = frozenset(
    (
        *("-o", "--output", "-w", "--write-out", "-m", "--max-time", "--connect-timeout", "-H", "--header"),
        *("-A", "--user-agent", "-X", "--request", "--url"),
    )
)
# https://curl.se/docs/manpage.html#ENVIRONMENT: what these mean is left to curl
VARIABLES = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "CURL_HOME", "XDG_CONFIG_HOME", "CURL_CA_BUNDLE"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_SSL_BACKEND", "SSLKEYLOGFILE"),
)
NO_HEAD = frozenset({405, 501})  # Method Not Allowed, Not Implemented (RFC 9110 §15.5.6, §15.6.2)
# What -w may ask for here; %{time_namelookup} and others are only curl's to know.
WRITES = frozenset(
    (
        *("http_code", "response_code", "time_total", "time_connect", "time_appconnect", "time_starttransfer"),
        *(
            "size_download",
            "content_type",
            "redirect_url",
            "url",
            "url_effective",
            "method",
            "exitcode",
            "num_redirects",
        ),
    )
)
ESCAPES = {"\\n": "\n", "\\t": "\t", "\\r": "\r", "%%": "%"}
_WRITE = re.compile(r"%\{(\w+)\}|\\[ntr]|%%")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~\w-]+: ?[^\r\n]+")
CACHES = ("x-cache", "cf-cache-status", "x-cache-status", "x-varnish-cache", "x-proxy-cache", "cache-status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Curl:
    """One address asked once. Times in seconds."""

    url: str
    head: bool = False
    fail: bool = False
    show: bool = True  # complaints: not -s, or -S
    include: bool = False
    drop: bool = False  # the body, to /dev/null
    write: str = ""
    follow: bool = False
    insecure: bool = False
    seconds: float | None = None
    connect_seconds: float | None = None
    headers: tuple[tuple[str, str], ...] = ()
    agent: str = ""
    home: str = ""  # HOME of the lane, where curl looks for a .curlrc

    @property
    def method(self) -> str:
        """HEAD or GET."""
        return "HEAD" if self.head else "GET"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came back. `blocks` are the heads of the answers as they came, `code` curl's number for a trouble."""

    url: str
    method: str
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    blocks: str = ""
    body: str = ""
    size: int = 0
    seconds: float = 0.0
    first_byte: float = 0.0
    connected: float = 0.0
    secured: float = 0.0
    redirects: int = 0
    head_refused: int = 0  # the status that said HEAD is not taken, before GET was asked
    code: int = 0
    complaint: str = ""  # curl's words
    sentence: str = ""  # ours

    def header(self, name: str) -> str:
        """The value of a header of the last answer, "" without."""
        return next((value for key, value in self.headers if key.lower() == name), "")


def understand(argv: Sequence[str], environment: Mapping[str, str]) -> Curl | None:
    """The question that `curl …` asks; None when it is more than a look at one address."""
    read = flags(argv[1:], switches=SWITCHES, valued=VALUED)
    if read is None or own_settings(environment, *VARIABLES):
        return None
    addresses = (*read.all("--url"), *read.words)
    headers = [_header(one) for one in read.all("-H", "--header")]
    write = read.last("-w", "--write-out") or ""
    times = [_seconds(read.last(*names)) for names in (("-m", "--max-time"), ("--connect-timeout",))]
    output = read.last("-o", "--output")
    wanted = read.last("-X", "--request")
    head = read.has("-I", "--head")
    if (
        len(addresses) != 1
        or None in headers
        or -1.0 in times
        or output not in (None, "/dev/null", "-")
        or wanted not in (None, "HEAD" if head else "GET")
        or set(_WRITE.findall(write)) - WRITES - {""}
        or re.search(r"%\{(?!\w+\})|@", write)
        or (read.has("-L", "--location") and read.has("-H", "--header"))  # which of them go along is curl's to say
    ):
        return None
    url = _address(addresses[0], globbing=not read.has("-g", "--globoff"))
    if not url:
        return None
    return Curl(
        url=url,
        head=head,
        fail=read.has("-f", "--fail"),
        show=read.has("-S", "--show-error") or not read.has("-s", "--silent"),
        include=read.has("-i", "--include"),
        drop=output == "/dev/null",
        write=write,
        follow=read.has("-L", "--location"),
        insecure=read.has("-k", "--insecure"),
        seconds=times[0],
        connect_seconds=times[1],
        headers=tuple(filter(None, headers)),
        agent=read.last("-A", "--user-agent") or "",
        home=environment.get("HOME", ""),
    )


def printed(question: Curl, heard: Heard) -> tuple[str, int]:
    """What curl prints of it, and its exit code."""
    code, complaint = heard.code, heard.complaint
    if question.fail and not code and heard.status >= 400:
        code, complaint = 22, f"The requested URL returned error: {heard.status}"
    shown = heard.blocks if question.head or question.include else ""
    if not question.head and code != 22:
        shown += heard.body
    output = "" if question.drop else shown
    if question.write:
        facts = {
            "http_code": f"{heard.status:03}",
            "response_code": f"{heard.status:03}",
            "time_total": f"{heard.seconds:.6f}",
            "time_connect": f"{heard.connected:.6f}",
            "time_appconnect": f"{heard.secured:.6f}",
            "time_starttransfer": f"{heard.first_byte:.6f}",
            "size_download": str(heard.size),
            "content_type": heard.header("content-type"),
            "redirect_url": heard.header("location") if 300 <= heard.status < 400 else "",
            "url": question.url,
            "url_effective": heard.url,
            "method": heard.method,
            "exitcode": str(code),
            "num_redirects": str(heard.redirects),
        }
        output += _WRITE.sub(lambda one: facts[one[1]] if one[1] else ESCAPES[one[0]], question.write)
    if code and question.show:
        output += ("\n" if output and not output.endswith("\n") else "") + f"curl: ({code}) {complaint}\n"
    return output, code


def findings(question: Curl, heard: Heard) -> tuple[str, ...]:
    """What the answer means: who answered what, how fast, from which cache; or why nobody did."""
    host = urlsplit(heard.url).netloc.rpartition("@")[2]
    if heard.code and not heard.status:
        return (f"{host} {heard.sentence}.",)
    said = f"{host} answered {_phrase(heard.status)} in {_milliseconds(heard.first_byte)}"
    if heard.head_refused:
        said += f" to GET (it does not take HEAD: {heard.head_refused})"
    match heard.status:
        case 429:
            wait = heard.header("retry-after")
            said += ": too many requests" + (f", again after {wait} s" if wait.isdecimal() else "")
        case status if status >= 500:
            said += ": it runs and is unwell"
        case status if status >= 400:
            said += ": it runs, but does not serve this"
        case status if 300 <= status < 400:
            to = urlsplit(heard.header("location"))
            said += f": a redirect to {to.netloc.rpartition('@')[2] or to.path}, which is not followed"
        case _:
            pass
    told = [f"{said}."]
    if heard.code:
        told.append(f"{host} {heard.sentence}.")
    elif heard.status >= 400 and not question.fail:
        told.append("The command itself ends with 0: without -f curl takes any answer for a good one.")
    return (*told, *_cache(question, heard))


def _cache(question: Curl, heard: Heard) -> tuple[str, ...]:
    parts = [f"{value} ({name})" for name in CACHES if (value := heard.header(name))]
    if (age := heard.header("age")).isdecimal():
        parts.append(f"{age} s old")
    control = heard.header("cache-control")
    if control and (parts or question.head or question.include):
        parts.append(f"Cache-Control {control}")
    return (f"Cache: {', '.join(parts)}.",) if parts else ()


def _address(text: str, *, globbing: bool) -> str:
    """The address with its scheme; "" when curl would make something else of it."""
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        strange = not parts.hostname or parts.scheme not in ("http", "https") or parts.port == 0 or parts.username
    except ValueError:
        return ""
    guessed = "://" not in text and re.match(r"(?i)(?:ftp|dict|ldap|imap|smtp|pop3)\.", text)
    globs = globbing and any(mark in text for mark in "[]{}")
    odd = not text.isascii() or re.search(r"[\s\\^`|<>\"]", text) or "/../" in parts.path + "/" or "/./" in parts.path
    return "" if strange or guessed or globs or odd else url


def _header(text: str) -> tuple[str, str] | None:
    if not _HEADER.fullmatch(text) or text.startswith("@"):
        return None
    name, _, value = text.partition(":")
    # what goes over the wire itself is not to be tampered with
    return (
        None if name.lower() in {"host", "connection", "transfer-encoding", "content-length"} else (name, value.strip())
    )


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    return float(text) if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text) and float(text) else -1.0


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.0f} s"
