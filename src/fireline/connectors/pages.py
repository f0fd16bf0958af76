"""Pages looked at: one address asked as curl asks it, and refused, DNS, TLS, hanging and codes told apart.

Each question has a connection of its own: what rides on an old one proves less. What is kept warm is the client
with its certificates, which take longer to read than most answers.
"""

from __future__ import annotations

import os
import pwd
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import httpx2

from fireline.connectors.http import USER_AGENT, trouble
from fireline.core.question import Answer, Unusable
from fireline.core.question.curl import NO_HEAD, Curl, Heard, findings, printed

LARGEST = 4 * 1024 * 1024  # bytes of a body that are read into memory; curl gets what is larger
REDIRECTS = 50  # https://curl.se/docs/manpage.html#--max-redirs
# curl's exit codes by our words for what went wrong: https://curl.se/docs/manpage.html#EXIT-CODES
CODES = {"dns": 6, "refused": 7, "hang": 28, "tls": 35, "reset": 56, "address": 3, "other": 52}
CERTIFICATE = 60


class Pages:
    """Answers `curl` for one address."""

    def __init__(self) -> None:
        self._clients: dict[bool, httpx2.Client] = {}
        self._lock = threading.Lock()

    def answer(self, question: Curl, seconds: float) -> Answer:
        """Ask, for at most `seconds`. Whatever goes wrong is an Answer; `Unusable` where curl has to ask."""
        places = {question.home, pwd.getpwuid(os.geteuid()).pw_dir} - {""}
        if any(Path(place, ".curlrc").exists() or Path(place, ".config/curlrc").exists() for place in places):
            raise Unusable("A .curlrc says how curl asks.")
        until = time.monotonic() + min(seconds, question.seconds or seconds)
        client = self._client(insecure=question.insecure)
        heard = _ask(client, question, question.method, until)
        ran = f"{question.method} {question.url}{_version(heard)}, by fireline's own client"
        if question.head and heard.status in NO_HEAD:
            ran = f"{ran}; answered {heard.status}, so GET was asked instead"
            heard = _ask(client, question, "GET", until, refused=heard.status)
        output, code = printed(question, heard)
        return Answer(output, code, ran, findings(question, heard))

    def close(self) -> None:
        """Give back what the clients hold."""
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()

    def _client(self, *, insecure: bool) -> httpx2.Client:
        with self._lock:
            if insecure not in self._clients:
                known = ssl.create_default_context()  # the certificates of this machine, as for curl
                if insecure:
                    known.check_hostname, known.verify_mode = False, ssl.CERT_NONE
                client = httpx2.Client(
                    verify=known,
                    trust_env=False,  # proxies are the lane's to name, and then curl asks
                    max_redirects=REDIRECTS,
                    limits=httpx2.Limits(max_keepalive_connections=0),
                )
                client.headers = httpx2.Headers({"User-Agent": USER_AGENT, "Accept": "*/*"})
                self._clients[insecure] = client
            return self._clients[insecure]


def _ask(client: httpx2.Client, question: Curl, method: str, until: float, *, refused: int = 0) -> Heard:
    began = time.monotonic()
    at: dict[str, float] = {}
    facts: dict[str, Any] = {"url": question.url, "method": method, "head_refused": refused}

    def traced(name: str, _info: object) -> None:
        at[name] = time.monotonic() - began

    def found(**more: Any) -> Heard:
        return Heard(
            **facts,
            **more,
            seconds=time.monotonic() - began,
            connected=at.get("connection.connect_tcp.complete", 0.0),
            secured=at.get("connection.start_tls.complete", 0.0),
        )

    left = max(until - began, 0.001)
    headers = [*question.headers, *([("User-Agent", question.agent)] if question.agent else ())]
    try:
        request = client.build_request(
            method,
            question.url,
            headers=headers,
            timeout=httpx2.Timeout(left, connect=min(left, question.connect_seconds or left)),
            extensions={"trace": traced},
        )
        response = client.send(request, stream=True, follow_redirects=question.follow)
        try:
            answers = [*response.history, response]
            facts |= {
                "url": str(response.url) if response.history else question.url,
                "status": response.status_code,
                "headers": tuple(
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw
                ),
                "blocks": "".join(map(_block, answers)),
                "first_byte": time.monotonic() - began,
                "redirects": len(response.history),
            }
            body, size = bytearray(), 0
            for piece in response.iter_raw():
                size += len(piece)
                body += b"" if question.drop or question.head else piece
                if len(body) > LARGEST:
                    raise Unusable("The page is too large to be kept in memory.")
                if question.head and size > LARGEST:
                    break  # asked with GET only because HEAD is not taken: what follows is nobody's interest
                if time.monotonic() > until:
                    return found(code=28, complaint=_late(began, size), sentence="did not finish its answer in time")
        finally:
            response.close()
    except httpx2.TooManyRedirects:
        return found(code=47, complaint=f"Maximum ({REDIRECTS}) redirects followed", sentence="redirects in a circle")
    except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
        return found(**_trouble(error, question, began))
    return found(body=body.decode(errors="replace"), size=size)


def _trouble(error: Exception, question: Curl, began: float) -> dict[str, Any]:
    """What went wrong by curl's number, in curl's words and in ours."""
    why = trouble(error)
    url = httpx2.URL(question.url)
    port = url.port or (443 if url.scheme == "https" else 80)
    code, words = CODES[why.word], why.sentence
    match why.word:
        case "dns":
            words = f"Could not resolve host: {url.host}"
        case "refused":
            late = (time.monotonic() - began) * 1000
            words = f"Failed to connect to {url.host} port {port} after {late:.0f} ms: Couldn't connect to server"
        case "hang":
            words = _late(began, 0)
        case "reset":
            words = "Recv failure: Connection reset by peer"
        case "tls" if "certificate" in why.sentence:
            code, words = CERTIFICATE, f"SSL certificate problem: {why.sentence.partition(': ')[2]}"
        case "other" if "closed the connection" in why.sentence:
            words = "Empty reply from server"
        case _:
            pass
    sentence = why.sentence
    if isinstance(error, httpx2.ConnectTimeout):
        sentence = f"cannot be reached: nothing answers on port {port} (a firewall, or the machine is down)"
    return {"code": code, "complaint": words, "sentence": sentence}


def _late(began: float, size: int) -> str:
    return f"Operation timed out after {(time.monotonic() - began) * 1000:.0f} milliseconds with {size} bytes received"


def _block(response: httpx2.Response) -> str:
    """The head of an answer as it came over the wire."""
    lines = [f"{response.http_version} {response.status_code} {response.reason_phrase}".rstrip()]
    lines += [f"{name.decode('latin-1')}: {value.decode('latin-1')}" for name, value in response.headers.raw]
    return "".join(f"{line}\r\n" for line in (*lines, ""))


def _version(heard: Heard) -> str:
    version = heard.blocks.partition(" ")[0]
    return f" over {version}" if version else ""
