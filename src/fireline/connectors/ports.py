"""Ports looked at: open, closed or filtered, by the three-way handshake of TCP alone (RFC 9293, section 3.5)."""

from __future__ import annotations

import errno
import os
import socket
import time

from fireline.core.question import Answer
from fireline.core.question.nc import Nc

PATIENCE = 5.0  # seconds for all the addresses of a host
FAMILIES = {"": socket.AF_UNSPEC, "4": socket.AF_INET, "6": socket.AF_INET6}


class Ports:
    """Answers `nc -z` in the words of the OpenBSD nc, which Debian and Ubuntu have."""

    def answer(self, question: Nc, seconds: float) -> Answer:
        """Try each address of the host, for at most `seconds` in all."""
        until = time.monotonic() + min(seconds, question.seconds or PATIENCE)
        at = f"{question.host}:{question.port}"
        ran = f"opened and closed a TCP connection to {at}"
        try:
            found = socket.getaddrinfo(
                question.host, question.port, FAMILIES[question.family], socket.SOCK_STREAM, socket.IPPROTO_TCP
            )
        except OSError as trouble:
            said = f'nc: getaddrinfo for host "{question.host}" port {question.port}: {trouble.strerror}\n'
            return _answer(question, said, 1, ran, f"{question.host} is a name that does not resolve.")
        said, finding = "", ""
        for family, kind, protocol, _, address in found:
            where = f"{question.host} ({address[0]})"
            began = time.monotonic()
            with socket.socket(family, kind, protocol) as end:
                end.settimeout(max(until - began, 0.001))
                try:
                    end.connect(address)
                except TimeoutError:
                    said += f"nc: connect to {where} port {question.port} (tcp) timed out: Operation now in progress\n"
                    finding = f"{at} is filtered: no answer at all (a firewall drops it, or the machine is down)."
                except OSError as trouble:
                    words = os.strerror(trouble.errno or errno.EIO)
                    said += f"nc: connect to {where} port {question.port} (tcp) failed: {words}\n"
                    finding = f"{at} is closed: the machine answers, and nothing listens there."
                    if trouble.errno != errno.ECONNREFUSED:
                        finding = f"{at} cannot be reached: {words}."
                else:
                    took = (time.monotonic() - began) * 1000
                    said += f"Connection to {where} {question.port} port [tcp/{_service(question.port)}] succeeded!\n"
                    return _answer(question, said, 0, ran, f"{at} is open: connected in {took:.0f} ms.")
        return _answer(question, said, 1, ran, finding)

    def close(self) -> None:
        """Nothing stays open."""


def _answer(question: Nc, said: str, code: int, ran: str, finding: str) -> Answer:
    return Answer(said if question.verbose else "", code, ran, (finding,))


def _service(port: int) -> str:
    try:
        return socket.getservbyport(port, "tcp")
    except OSError:
        return "*"
