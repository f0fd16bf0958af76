"""A postbox: a real mail server on loopback that remembers what it was given, and says no where a test wants it."""

from __future__ import annotations

import email
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller

from servers import free_port


class Postbox:
    """A mail server's memory; `answers` come before its 250, by address or for the next mail."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, Message]] = []
        self.senders: list[str] = []
        self.raw: list[bytes] = []
        self.refuses: dict[str, str] = {}  # an address, and what it is answered
        self.answers: list[str] = []  # to the next mails, after their words
        self.hangs_up_on: set[str] = set()  # takes their mail and never says so
        self.connections = 0
        self.port = free_port()

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        self.raw.append(envelope.content)
        self.senders.append(envelope.mail_from)
        self.mails += [(to, email.message_from_bytes(envelope.content)) for to in envelope.rcpt_tos]
        if self.hangs_up_on & set(envelope.rcpt_tos):
            server.transport.abort()
        return "250 OK"

    def to(self) -> list[str]:
        return [to for to, _ in self.mails]

    def most(self) -> int:
        """How often the one got it who got it most often."""
        return max(Counter(self.to()).values(), default=0)


@contextmanager
def postbox() -> Iterator[Postbox]:
    """It listens meanwhile."""
    found = Postbox()
    controller = Controller(found, hostname="127.0.0.1", port=found.port)
    controller.start()
    try:
        yield found
    finally:
        controller.stop()


def words(mail: Message, kind: str) -> str:
    """What one of its parts says, decoded."""
    part = next(one for one in mail.walk() if one.get_content_type() == kind)
    body = part.get_payload(decode=True)
    assert isinstance(body, bytes)
    return body.decode(part.get_content_charset() or "ascii").replace("\r\n", "\n")
