"""SMTP: hand one mail to the site's own mail server, and say in words what it thought of it.

An answer of 4xx is for now and one of 5xx for good (RFC 5321, section 4.2.1). A mail server that was asked twice
sends twice, so a mail carries its own Message-ID, by which programs drop the second copy. Where even that is too much,
`Line` says of each mail whether the server has it, has it not, or may have it.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from email import policy
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import Policy
from typing import Any, Literal

from fireline.connectors.http import LONGEST_WORDS, PATIENCE, Permanent, Temporary, trouble

Security = Literal["starttls", "tls", "none"]
GO_ON, CLOSING = 354, 421  # https://www.rfc-editor.org/rfc/rfc5321#section-4.2.3
# Seconds a server may think about the whole mail, filters and all: section 4.5.3.2.6. Giving up earlier would leave
# mails of which nobody knows whether they were taken.
ANSWER = 600.0
BROKEN = (smtplib.SMTPException, OSError)


class _Uncut(UnstructuredHeader, BaseHeader):
    """A header of one long address.

    Python would write what fits no line of 78 as encoded words, which no mail program reads as an address; a line may
    have 998 characters (RFC 5322, section 2.1.1).
    """

    def fold(self, *, policy: Policy[Any]) -> str:
        """The whole header as it stands, on one line."""
        return f"{self.name}: {self}{policy.linesep}"


_headers = HeaderRegistry()
_headers.map_to_type("list-unsubscribe", _Uncut)
WRITTEN = policy.SMTP.clone(header_factory=_headers)  # how our mails are written


class Shut(Temporary):
    """The server takes nothing from us just now, whoever it is for: it is away, or does not let us in."""


class Unsure(Exception):  # noqa: N818  # "except Unsure" reads as it is meant
    """The server had the whole mail and did not answer: it may be on its way, and nobody can find out."""


class Smtp:
    """One mail server. A session a mail: it may be called from many threads."""

    def __init__(
        self,
        host: str,
        port: int = 587,
        *,
        security: Security = "starttls",
        user: str = "",
        password: str = "",
        timeout: float = PATIENCE,
    ) -> None:
        """`security`: `starttls` after a plain greeting, `tls` from the start (port 465), `none` on loopback."""
        self._host, self._port, self._security = host, port, security
        self._user, self._password, self._timeout = user, password, timeout

    def send(self, mail: EmailMessage, to: Sequence[str] | None = None) -> None:
        """Hand it over, to these addresses or to those in its headers. Raises Temporary or Permanent."""
        try:
            server = self._session()
            try:
                refused = server.send_message(mail, to_addrs=to)
            finally:
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()  # the server has the mail by now, whatever becomes of the good-bye
        except smtplib.SMTPRecipientsRefused as no:
            raise self._no(*next(iter(no.recipients.values()))) from None
        except smtplib.SMTPResponseException as no:
            raise self._no(no.smtp_code, no.smtp_error) from None
        except smtplib.SMTPNotSupportedError as no:
            raise Permanent(f"{self._host} cannot do what the settings ask: {no}") from None
        except smtplib.SMTPException:
            raise Temporary(f"{self._host} broke off in the middle of the mail.") from None
        except OSError as error:
            raise Temporary(f"{self._host}:{self._port} {trouble(error).sentence}.") from None
        except ValueError as error:  # an address or header with a line end
            raise Permanent(f"This mail cannot be sent: {error}.") from None
        for code, words in refused.values():  # some were taken and some were not
            raise self._no(code, words)

    def line(self, *, most: int = 100) -> Line:
        """One connection for many mails, opened anew after so many: servers bound what they take on one."""
        return Line(self._session, self._no, self._host, most)

    def _session(self) -> smtplib.SMTP:
        if self._security == "tls":
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=self._timeout)
        try:
            if self._security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if self._user:
                server.login(self._user, self._password)
        except BaseException:
            server.close()
            raise
        return server

    def _no(self, code: int, words: bytes | str) -> Temporary | Permanent:
        said = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
        said = " ".join(said.split())[:LONGEST_WORDS].rstrip(".")
        reason = f"{self._host} answered {code}" + (f": {said}." if said else ".")
        return Permanent(reason, status=code) if 500 <= code < 600 else Temporary(reason, status=code)


class Line:
    """A connection that stays open between mails. For one thread."""

    def __init__(
        self,
        session: Callable[[], smtplib.SMTP],
        no: Callable[[int, bytes | str], Temporary | Permanent],
        host: str,
        most: int,
    ) -> None:
        self._session, self._no, self._host, self._most = session, no, host, most
        self._server: smtplib.SMTP | None = None
        self._count = 0

    def send(self, body: bytes, *, sender: str, to: str, before: Callable[[], bool]) -> bool:
        """Hand one mail to one address. `before` is asked when the server wants the words; False ends it, unsent.

        Raises Temporary or Permanent about this mail, `Shut` about all of them, and `Unsure`.
        """
        server = self._open()
        try:
            self._agreed(*server.mail(sender), everybody=True)
            self._agreed(*server.rcpt(to))
            if not before():
                server.rset()
                return False
            code, words = server.docmd("DATA")
            if code != GO_ON:
                self._agreed(code, words or b"no answer", refused=True)
        except BROKEN as error:
            raise self._shut(error) from None
        except (Temporary, Permanent):
            self._calm()
            raise
        except BaseException:
            self.close()  # in the middle of a mail: the next one needs a clean start
            raise
        self._count += 1
        code, words = self._words(server, body)
        try:
            self._agreed(code, words)
        except (Temporary, Permanent):
            self._calm()
            raise
        return True

    def close(self) -> None:
        """Hang up, if it is open."""
        server, self._server = self._server, None
        if server:
            with suppress(*BROKEN):
                server.quit()
            server.close()

    def _open(self) -> smtplib.SMTP:
        if self._server and self._count >= self._most:
            self.close()
        if self._server is None:
            self._count = 0
            try:
                self._server = self._session()
                self._server.ehlo_or_helo_if_needed()
            except smtplib.SMTPResponseException as no:  # a greeting of 421, a wrong password
                self.close()
                raise Shut(self._no(no.smtp_code, no.smtp_error).reason) from None
            except BROKEN as error:
                raise self._shut(error) from None
        return self._server

    def _words(self, server: smtplib.SMTP, body: bytes) -> tuple[int, bytes]:
        """Say the words and hear what the server thinks; whatever breaks in between leaves it in doubt."""
        # a line that is a dot ends the mail, so a dot that begins one is doubled: section 4.5.2
        quoted = re.sub(rb"(?m)^\.", b"..", re.sub(rb"\r?\n|\r", b"\r\n", body))
        quoted += b"" if quoted.endswith(b"\r\n") else b"\r\n"
        try:
            if server.sock:
                server.sock.settimeout(ANSWER)
            server.send(quoted + b".\r\n")
            code, words = server.getreply()
            if server.sock:
                server.sock.settimeout(server.timeout)
        except BROKEN as error:
            said = self._shut(error).reason
            raise Unsure(f"{said[:-1]} after it had the whole mail: it may have arrived.") from None
        except BaseException:
            self.close()
            raise
        return code, words

    def _agreed(self, code: int, words: bytes, *, everybody: bool = False, refused: bool = False) -> None:
        """Raise what the server said no to. A sender that is refused is so for every mail."""
        if 200 <= code < 300 and not refused:
            return
        no = self._no(code, words)
        if code == CLOSING or everybody:
            self.close()
            raise Shut(no.reason, status=code)
        raise no

    def _calm(self) -> None:
        """After a no the next mail starts afresh on the same connection, if that still stands."""
        if self._server:
            try:
                self._server.rset()
            except BROKEN:
                self.close()

    def _shut(self, error: Exception) -> Shut:
        self.close()
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return Shut(f"{self._host} cannot do what the settings ask: {error}.")
        if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
            return Shut(f"{self._host} {trouble(error).sentence}.")
        return Shut(f"{self._host} broke off.")
