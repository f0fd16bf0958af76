"""Letters: mail to those who asked for it, one for each notice, each handed to the mail server once.

A letter that the server does not take now is tried again for hours; one that it refuses for good is told to people on
the incident's page. Links that confirm an address are kept in memory only: who does not get theirs asks again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlsplit

import structlog

from fireline.connectors.http import Permanent, Temporary
from fireline.connectors.smtp import WRITTEN
from fireline.core import draft
from fireline.core.board import Notice
from fireline.core.delivery import wait_before
from fireline.store.notices import Notices
from fireline.store.subscribers import Letter, Subscribers

ATTEMPTS_MAX = 60  # with waits of up to five minutes: about five hours
AT_ONCE = 50  # letters in one look, so that a house that is being closed waits for few
LINKS_KEPT = 1_000  # links that wait for the mail server; the oldest is forgotten first
LINK_TRIES = 20

log = structlog.get_logger(__name__)


class Letters:
    """Hands letters over. `post` gives one mail to the mail server and raises Temporary or Permanent."""

    def __init__(
        self,
        subscribers: Subscribers,
        notices: Notices,
        *,
        post: Callable[[EmailMessage], None],
        sender: str,
        title: str,
        url: str,
        now: Callable[[], datetime],
    ) -> None:
        self._subscribers, self._notices, self._post, self._now = subscribers, notices, post, now
        self._sender, self._title, self._url = sender, title, url
        self._links: deque[tuple[str, str, int, datetime]] = deque(maxlen=LINKS_KEPT)

    def link(self, mail: str, token: str) -> None:
        """Send this address the link that confirms it; later, so that nobody can tell by the time it takes."""
        self._links.append((mail, token, 1, self._now()))

    def look(self) -> None:
        """Send whatever is due."""
        self._subscribers.forgotten(self._now())
        for _ in range(len(self._links)):
            self._confirm(*self._links.popleft())
        for _ in range(AT_ONCE):
            letter = self._subscribers.take(self._now())
            if letter is None:
                return
            self._send(letter)

    def _confirm(self, mail: str, token: str, attempt: int, due: datetime) -> None:
        if due > self._now():
            self._links.append((mail, token, attempt, due))
            return
        text = (
            f"Somebody, most likely you, asked for mail about {self._title} at this address.\n\n"
            f"To say yes, open this page and press its button. The link is good for two days:\n"
            f"{self._url}/confirm/{token}\n\nIf it was not you, do nothing: there will be no more mail.\n"
        )
        try:
            self._post(self._mail(mail, f"Confirm your subscription to {self._title}", text, f"confirm.{token[:16]}"))
        except Temporary as trouble:
            if attempt < LINK_TRIES:
                self._links.append((mail, token, attempt + 1, self._now() + wait_before(attempt + 1)))
            log.warning("status page mail", trouble=str(trouble))
        except Permanent as trouble:
            log.warning("status page mail", trouble=str(trouble))

    def _send(self, letter: Letter) -> None:
        notice = self._notices.find(letter.incident, letter.update)
        if notice is None:
            self._subscribers.settle(letter, "failed", self._now(), reason="There is no such notice any more.")
            return
        try:
            self._post(self._written(letter, notice))
        except Temporary as trouble:
            again = self._now() + max(wait_before(letter.attempt + 1), timedelta(seconds=trouble.retry_after or 0))
            last = letter.attempt >= ATTEMPTS_MAX
            state = "failed" if last else "waiting"
            self._subscribers.settle(letter, state, self._now(), reason=str(trouble), again_at=None if last else again)
        except Permanent as trouble:
            self._subscribers.settle(letter, "failed", self._now(), reason=str(trouble))
        else:
            self._subscribers.settle(letter, "sent", self._now())

    def _written(self, letter: Letter, notice: Notice) -> EmailMessage:
        leave = f"{self._url}/leave/{letter.leave}"
        parts = "".join(f"{name}: {state.replace('_', ' ')}\n" for name, state in notice.components.items())
        text = (
            f"{notice.title}\n\n{draft.whole(notice.status, notice.text, notice.at)}\n\n{parts}\n"
            f"{self._url}/incidents/{notice.incident}\n\n-- \n"
            f"You get this because you asked for mail about {self._title}. To end that:\n{leave}\n"
        )
        mail = self._mail(
            letter.mail, f"[{self._title}] {notice.status}: {notice.title}", text,
            f"{notice.incident}.{notice.update}.{letter.subscriber}",
        )  # fmt: skip
        thread = f"<{notice.incident}@{self._host}>"  # one thread an incident, in every mail program
        mail["In-Reply-To"], mail["References"] = thread, thread
        # one press in the mail program: https://www.rfc-editor.org/rfc/rfc8058
        mail["List-Unsubscribe"], mail["List-Unsubscribe-Post"] = f"<{leave}>", "List-Unsubscribe=One-Click"
        return mail

    def _mail(self, to: str, subject: str, text: str, name: str) -> EmailMessage:
        """`name` makes the Message-ID: the same letter has the same one, so a second copy can be known."""
        mail = EmailMessage(WRITTEN)
        mail["From"], mail["Subject"] = self._sender, " ".join(subject.split())
        local, _, domain = to.rpartition("@")
        mail["To"] = Address(username=local, domain=domain)
        mail["Message-ID"] = f"<{name}@{self._host}>"
        mail["Date"] = format_datetime(self._now())
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
        mail.set_content(text)
        return mail

    @property
    def _host(self) -> str:
        return urlsplit(self._url).hostname or "fireline"
