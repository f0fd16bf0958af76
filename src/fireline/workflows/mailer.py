"""Mailer: hands the copies of letters to the mail server, each once, over one connection, no faster than it is set.

What the server cannot take now is tried again for about five hours; what it refuses is told. When it takes nothing from
anybody, all of it waits. A copy whose answer was lost is *not known*: it is never sent again unless a person says so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import partial
from time import monotonic

import structlog

from fireline.connectors.http import Permanent, Temporary
from fireline.connectors.smtp import WRITTEN, Line, Shut, Unsure
from fireline.core import letter, mailing
from fireline.core.delivery import wait_before
from fireline.core.events import HOUSE, LetterDrafted, Log
from fireline.core.refusal import Refused
from fireline.store.copies import Copies, Copy
from fireline.store.ledger import Ledger

ATTEMPTS_MAX = 60  # with waits of up to five minutes: about five hours
AT_ONCE = 20  # copies in hand; so many wait for LOST when a replica is killed
LOOK = 3.0  # seconds of one look, so that a house that is being closed does not wait for long

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands around the words of every letter. `url` is of the pages where customers can leave."""

    sender: str  # of the From header
    envelope: str  # where bounces come back to
    reply_to: str
    url: str

    def mail(
        self, drafted: LetterDrafted, *, to: str, name: str, leave: str, thread: str, before: Sequence[str],
        at: datetime, subject: str = "",
    ) -> EmailMessage:  # fmt: skip
        """One copy. `name` makes its Message-ID, so the same copy always has the same one."""
        host = parseaddr(self.sender)[1].rpartition("@")[2]
        link = f"{self.url}/customers/leave/{leave}"
        mail = EmailMessage(WRITTEN)
        mail["From"], mail["Subject"] = self.sender, subject or drafted.subject
        local, _, domain = to.rpartition("@")
        mail["To"] = Address(username=local, domain=domain)
        if self.reply_to:
            mail["Reply-To"] = self.reply_to
        mail["Message-ID"] = f"<{name}@{host}>"
        thread_ = [f"<incident.{thread}@{host}>", *(f"<{one}@{host}>" for one in before)]
        mail["In-Reply-To"], mail["References"] = thread_[-1], " ".join(thread_)
        mail["Date"] = format_datetime(at)
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
        # one press in the mail program: https://www.rfc-editor.org/rfc/rfc8058
        mail["List-Unsubscribe"], mail["List-Unsubscribe-Post"] = f"<{link}>", "List-Unsubscribe=One-Click"
        why = "You get this because you are our customer. To get no more such mails:"
        # quoted-printable: nothing beyond ASCII on the wire, so every mail server takes it
        mail.set_content(f"{drafted.text}\n\n-- \n{why}\n{link}\n", cte="quoted-printable")
        mail.add_alternative(letter.html(drafted.text, footer=[(why, link)]), subtype="html", cte="quoted-printable")
        return mail


class Mailer:
    """Sends what waits. For one thread; several firelines on one database share the work."""

    def __init__(
        self,
        ledger: Ledger,
        copies: Copies,
        head: Letterhead,
        line: Line,
        *,
        pace: float,
        now: Callable[[], datetime],
        pause: Callable[[float], object] | None = None,
    ) -> None:
        """`pace` is in mails a second, 0 for as fast as the server takes them."""
        self._ledger, self._copies, self._head, self._line, self._now = ledger, copies, head, line, now
        self._pause = pause or threading.Event().wait
        self._between = 1 / pace if pace else 0.0
        self._open: frozenset[tuple[int, int]] | None = None  # under way; None before the first look
        self._shut, self._not_before = 0, datetime.min.replace(tzinfo=now().tzinfo)
        self._read: dict[tuple[int, int], tuple[Log, LetterDrafted]] = {}

    def look(self) -> None:
        """Send what is due, for a few seconds at most."""
        # on SQLite nobody else works on this database: whatever is in somebody's hand was ours, before we were ended
        alone = self._open is None and self._copies.database.is_sqlite
        self._copies.forgotten(self._now(), alone=alone)
        self._tell_sent()
        until = monotonic() + LOOK
        while self._now() >= self._not_before and monotonic() < until:
            batch = self._copies.take(self._now(), AT_ONCE)
            if not batch:
                self._line.close()
                self._read.clear()
                return
            self._send(batch, until)

    def _tell_sent(self) -> None:
        """Say on the timeline that a letter is out, when none of its copies waits any more."""
        still = self._copies.under_way()
        before = self._copies.letters() if self._open is None else self._open
        for incident, number in before - still:
            counts = self._copies.counts(incident).get(number, {})
            self._ledger.offer(incident, partial(mailing.sent, number=number, counts=counts, by=HOUSE))
        self._open = still

    def _send(self, batch: Sequence[Copy], until: float) -> None:
        rest = list(batch)
        try:
            while rest and monotonic() < until:
                self._one(rest[0])
                del rest[0]
                if self._between:
                    self._pause(self._between)
        except Shut as trouble:
            self._shut += 1
            wait = max(wait_before(self._shut + 1), timedelta(seconds=trouble.retry_after or 0))
            self._not_before = self._now() + wait
            log.warning("customer mail", trouble=trouble.reason)
            self._copies.settle(rest.pop(0), "waiting", self._now(), reason=trouble.reason)
        finally:
            if rest:
                self._copies.give_back(rest, self._now())

    def _one(self, copy: Copy) -> None:
        try:
            body = self._written(copy).as_bytes()
            sent = self._line.send(
                body, sender=self._head.envelope, to=copy.mail, before=lambda: self._copies.sending(copy, self._now())
            )
        except Shut:
            raise
        except Temporary as trouble:
            last = copy.attempt >= ATTEMPTS_MAX
            again = self._now() + max(wait_before(copy.attempt + 1), timedelta(seconds=trouble.retry_after or 0))
            state, again_at = ("failed", None) if last else ("waiting", again)
            self._copies.settle(copy, state, self._now(), reason=trouble.reason, again_at=again_at)
        except Permanent as trouble:
            self._copies.settle(copy, "refused", self._now(), reason=trouble.reason)
        except ValueError as error:  # a header that cannot be written
            self._copies.settle(copy, "refused", self._now(), reason=f"This mail cannot be written: {error}.")
        except Unsure as trouble:
            self._copies.settle(copy, "unknown", self._now(), reason=str(trouble))
        else:
            self._shut = 0
            if sent:
                self._copies.settle(copy, "sent", self._now())

    def _written(self, copy: Copy) -> EmailMessage:
        key = (copy.incident, copy.letter)
        if key not in self._read:
            found = self._ledger.log(copy.incident)
            self._read[key] = (found, mailing.find(found, copy.letter).drafted)
        about, drafted = self._read[key]
        return self._head.mail(
            drafted, to=copy.mail, name=copy.name, leave=copy.leave, thread=mailing.thread(about), before=copy.before,
            at=self._now(),
        )  # fmt: skip


def trouble_with(no: Temporary | Permanent) -> Refused:
    """What to say to a person who waits for one mail."""
    return Refused(f"The mail did not go out. {no.reason}", status=503)
