"""The mailbox: an SMTP door of our own, so that a mail to incidents@ raises an alert.

250 is answered only once the alert is on the disk. What cannot be stored now is asked to come again (451), and so
is what comes too fast (450); every mail server does that by itself. A reply belongs to the report it answers.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any

import msgspec
import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from fireline.connectors.mail import Mail, read_mail
from fireline.connectors.tickets import report
from fireline.core.alert import Alert
from fireline.core.refusal import AWAY, Refused
from fireline.settings import MailSettings
from fireline.store.alerts import AlertStore
from fireline.store.heard import Heard

SOURCE = "mail"
IDLE = 60.0  # seconds a sender may be silent
AT_ONCE = 50  # senders at once
MINUTE = timedelta(minutes=1)
TOO_FAST = 429  # the status of a refusal that a minute may cure
log = structlog.get_logger(__name__)


@asynccontextmanager
async def mailbox(
    settings: MailSettings | None, alerts: AlertStore, heard: Heard, now: Callable[[], datetime],
    bounced: Callable[[bytes], int] | None = None,
) -> AsyncIterator[None]:  # fmt: skip
    """Take mail while it is open. Raises `Refused` when the address to listen on is none or taken.

    `bounced` is shown what mail servers say of mails of ours, and answers how many of them it knows.
    """
    if settings is None:
        yield
        return
    box = Mailbox(settings, alerts, heard, now, bounced)
    tls = _tls(settings)
    host, _, port = settings.listen.rpartition(":")
    try:
        server = await asyncio.get_running_loop().create_server(
            lambda: _Door(
                box, data_size_limit=settings.largest, enable_SMTPUTF8=True, ident="fireline", tls_context=tls,
                timeout=IDLE,
            ),
            host.strip("[]"), int(port), backlog=AT_ONCE,
        )  # fmt: skip
    except (OSError, ValueError, OverflowError) as trouble:
        raise Refused(f"[mail] listen = {settings.listen!r} cannot be listened on: {trouble}.", status=503) from trouble
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()


@dataclass(slots=True)
class Mailbox:
    """Says yes or no at each step of a mail, in SMTP's codes (https://www.rfc-editor.org/rfc/rfc5321#section-4.2)."""

    settings: MailSettings
    alerts: AlertStore
    heard: Heard
    now: Callable[[], datetime]
    bounced: Callable[[bytes], int] | None = None
    open: int = 0
    taken: list[datetime] = field(default_factory=list)  # within the last minute

    async def handle_MAIL(  # noqa: N802  # aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, mail_options: list[str]
    ) -> str:
        """May this sender write to us, and now?"""
        if address not in {"", "<>"} and not self._welcome(address):
            return "550 5.7.1 This sender may not raise alerts here"
        at = self.now()
        self.taken = [one for one in self.taken if one > at - MINUTE]
        if len(self.taken) >= self.settings.per_minute:
            return "450 4.7.1 Too many mails just now; try again in a minute"
        self.taken.append(at)
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Is this one of our addresses?"""
        if self._mine(address) is None:
            return "550 5.1.1 There is no such mailbox here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Store the mail. 250 says that it is on the disk."""
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        try:
            said = await asyncio.to_thread(self.take, raw, envelope.mail_from or "", tuple(envelope.rcpt_tos))
        except Refused as no:
            log.warning("mail", trouble=no.sentence)
            again = no.status in {AWAY, TOO_FAST}
            return "451 4.3.0 It cannot be stored just now; try again" if again else f"554 5.6.0 {no.sentence}"
        return f"250 2.0.0 {said}"

    async def handle_exception(self, error: Exception) -> str:
        """A mistake of ours: the mail is not lost, its sender tries again."""
        log.error("mail", exc_info=error)
        return "451 4.3.0 A mistake in fireline; try again"

    def take(self, raw: bytes, sender: str, recipients: tuple[str, ...]) -> str:
        """Store one mail and say what became of it. Raises `Refused`, with 503 when it can be sent again."""
        mail, at = read_mail(raw), self.now()
        if mail.automatic or sender in {"", "<>"}:  # a bounce comes from nobody
            if self.bounced and self.bounced(raw):
                return "Taken; it is told beside the letter that came back"
            return "Taken; what no person wrote raises no alert"
        known = self.heard.of(SOURCE, [mail.id, *mail.thread])
        if mail.id in known:
            return "Taken before"
        answered = next((known[one][1] for one in mail.thread if one in known), None)
        root = answered or (mail.thread[0] if mail.thread else mail.id)
        found = self._alert(mail, root, recipients, at)
        if answered and (first := self.alerts.find(found.fingerprint)):
            words = first.annotations | {"description": found.annotations.get("description", "")}
            found = msgspec.structs.replace(first, annotations=words)
        self.alerts.take((found,), at)
        # afterwards: a crash between the two has the mail sent again, and does not lose it
        self.heard.keep(SOURCE, [mail.id, *mail.thread], at, root)
        return "Stored with the report it answers" if answered else "Stored"

    def _alert(self, mail: Mail, root: str, recipients: tuple[str, ...], at: datetime) -> Alert:
        service = next(filter(None, (self._mine(one) for one in recipients)), "")
        return report(
            key=root,
            subject=mail.subject,
            text=mail.text,
            service=service,
            url="",
            requester=mail.sender,
            over=False,
            at=at,
            source=SOURCE,
        )

    def _mine(self, address: str) -> str | None:
        """The service that mail to this address is about, "" for none; None when the address is not ours.

        incidents+checkout@ is incidents@, about checkout.
        """
        local, _, domain = parseaddr(address)[1].lower().rpartition("@")
        bare, _, about = local.partition("+")
        for mine in self.settings.addresses:
            if mine.lower() in {f"{local}@{domain}", f"{bare}@{domain}"}:
                return self.settings.services.get(mine) or about
        return None

    def _welcome(self, address: str) -> bool:
        domain = f"@{address.rpartition('@')[2]}".lower()
        allowed = {one.lower() for one in self.settings.senders}
        return not allowed or address.lower() in allowed or domain in allowed


class _Door(SMTP):
    """One connection; one too many is told to come again."""

    line_length_limit = 100_000  # bytes; RFC 5321 says 1000, and what people send breaks that often

    def __init__(self, box: Mailbox, **more: Any) -> None:
        super().__init__(box, hostname=socket.gethostname(), **more)  # its default would ask a name server
        self._box = box

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._box.open += 1
        if self._box.open > AT_ONCE and isinstance(transport, asyncio.WriteTransport):
            transport.write(b"421 4.3.2 Too many connections; try again in a minute\r\n")
            transport.close()
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._box.open -= 1
        super().connection_lost(error)


def _tls(settings: MailSettings) -> ssl.SSLContext | None:
    if not settings.certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.certificate, settings.key or None)
    except (OSError, ssl.SSLError) as trouble:
        raise Refused(f"[mail] certificate and key cannot be read: {trouble}.", status=400) from trouble
    return context
