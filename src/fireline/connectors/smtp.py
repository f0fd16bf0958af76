"""SMTP: hand one mail to the site's own mail server, and say in words what it thought of it.

An answer of 4xx is for now and one of 5xx for good (RFC 5321, section 4.2.1). A mail server that was asked twice
sends twice, so a mail carries its own Message-ID, by which programs drop the second copy.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from email.message import EmailMessage
from typing import Literal

from fireline.connectors.http import LONGEST_WORDS, PATIENCE, Permanent, Temporary, trouble

Security = Literal["starttls", "tls", "none"]


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
