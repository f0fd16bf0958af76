"""A mailroom: the SMTP door on a free port over a real store, and somebody who writes letters to it."""

from __future__ import annotations

import asyncio
import smtplib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from fireline.hooks.mail import mailbox
from fireline.settings import MailSettings
from fireline.store.alerts import AlertStore
from fireline.store.database import Database
from fireline.store.heard import Heard
from servers import free_port

OURS = "incidents@lantern.example"
RITA = "rita@customer.example"


def letter(subject: str, text: str = "It fails.", *, id: str = "", **headers: str) -> EmailMessage:  # noqa: A002
    """A mail as a customer writes one."""
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, f"Rita <{RITA}>", OURS
    if id:
        mail["Message-ID"] = id
    mail.set_content(text)
    for name, value in headers.items():
        del mail[name]
        mail[name] = value
    return mail


@dataclass(frozen=True)
class Sender:
    """Sends over a real connection."""

    port: int

    def __call__(self, mail: EmailMessage | bytes, *, sender: str = RITA, to: str = OURS) -> None:
        raw = mail if isinstance(mail, bytes) else mail.as_bytes()
        with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as line:
            line.sendmail(sender, [to], raw)


class Mailroom:
    """The store behind the door, on a clock that only moves when told."""

    def __init__(self, folder: Path) -> None:
        self.at = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
        self.database = Database(f"sqlite:///{folder / 'fireline.db'}")
        self.database.migrate()
        self.alerts = AlertStore(self.database)
        self.alerts.start(self.at, lambda _look, _fingerprints: None)

    @contextmanager
    def open(self, *, bounced: Callable[[bytes], int] | None = None, **settings: Any) -> Iterator[Sender]:
        """The door is open meanwhile, on a loop of its own; `bounced` hears of mails that came back."""
        port = free_port()
        known = MailSettings(**{"addresses": (OURS,), "listen": f"127.0.0.1:{port}"} | settings)
        loop, over = asyncio.new_event_loop(), asyncio.Event()
        ready: list[Exception | None] = []
        signal = threading.Event()

        async def serve() -> None:
            try:
                async with mailbox(known, self.alerts, Heard(self.database), lambda: self.at, bounced):
                    ready.append(None)
                    signal.set()
                    await over.wait()
            except Exception as trouble:  # noqa: BLE001  # handed to the test below
                ready.append(trouble)
                signal.set()

        thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
        thread.start()
        assert signal.wait(10)
        try:
            if ready[0]:
                raise ready[0]
            yield Sender(port)
        finally:
            loop.call_soon_threadsafe(over.set)
            thread.join(10)
            loop.close()

    def away(self, *, on: bool) -> None:
        """The store cannot take alerts while it is."""
        with self.database.writing() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {'alert' if on else 'gone'} RENAME TO {'gone' if on else 'alert'}")

    def close(self) -> None:
        """Give everything back."""
        self.alerts.stop()
        self.database.close()
