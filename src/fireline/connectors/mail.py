"""Mail: one message as it came over SMTP, read without trusting it.

The plain text counts, else the HTML without its tags. Which mails belong together is told by Message-ID,
In-Reply-To and References (https://www.rfc-editor.org/rfc/rfc5322#section-3.6.4); which of them no person wrote by
Auto-Submitted (https://www.rfc-editor.org/rfc/rfc3834#section-5) and, where older programs do not say it, Precedence.
What a mail server says of a mail that did not arrive is a report of parts (https://www.rfc-editor.org/rfc/rfc3464).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from hashlib import sha256

from fireline.core.bare import bare
from fireline.core.outside import clean
from fireline.core.refusal import Refused

SUBJECT_MAX = 300  # characters
TEXT_MAX = 20_000  # characters
ID = re.compile(r"<[^<>\s]{1,900}>")
IDS_MAX = 50  # of a thread; a longer one is told by its first and its newest
# `list` is not among them: a group address that forwards to us says so of what people write
RECIPIENTS_MAX = 100  # of one report
AUTOMATIC = frozenset({"bulk", "junk", "auto_reply"})


@dataclass(frozen=True, slots=True)
class Mail:
    """What counts of a mail. `thread` are the identifiers it answers to, the oldest first."""

    id: str
    thread: tuple[str, ...]
    subject: str
    text: str
    sender: str
    automatic: bool  # a bounce, an auto-reply, bulk mail: no person wrote it to us


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a mail server says of one recipient. `name` is that of the Message-ID it returns, "" for none."""

    name: str
    recipients: tuple[str, ...]  # one address, under the names that it had on its way
    reason: str
    final: bool  # False: it tries on


def read_bounces(raw: bytes) -> tuple[Bounce, ...]:
    """Everybody whom a mail did not reach, by this report; nobody when it is none or cannot be read."""
    try:
        message = message_from_bytes(raw)
        parts = list(message.walk())
    except (RecursionError, MessageError):
        return ()
    if message.get_content_type() != "multipart/report":
        return ()
    found: list[Bounce] = []
    name = _returned(message, parts)
    told = [part.get_payload() for part in parts if part.get_content_type() == "message/delivery-status"]
    blocks = [block for one in told if isinstance(one, list) for block in one if isinstance(block, Message)]
    for block in blocks[:RECIPIENTS_MAX]:
        action = _header(block, "Action").strip().lower()
        if action not in {"failed", "delayed"}:
            continue
        named = (_header(block, one).rpartition(";")[2].strip() for one in ("Original-Recipient", "Final-Recipient"))
        words = _line(_header(block, "Diagnostic-Code").partition(";")[2]) or "no reason was given"
        status = _line(_header(block, "Status"))
        reason = f"{'Not delivered' if action == 'failed' else 'Not delivered yet'}: {words} {status}".strip()
        mails = tuple(dict.fromkeys(one.lower() for one in named if one))
        found.append(Bounce(name, mails, reason[:SUBJECT_MAX], final=action == "failed"))
    return tuple(found)


def _returned(message: Message, parts: list[Message]) -> str:
    """The name in the Message-ID of the mail that came back, whole or only its head."""
    said: list[str] = []
    for part in parts:
        if part.get_content_type() == "text/rfc822-headers":
            said += ID.findall(_header(message_from_bytes(_bytes(part)), "Message-ID"))
        elif part is not message and part.get("Message-ID"):
            said += ID.findall(_header(part, "Message-ID"))
    said += ID.findall(_header(message, "In-Reply-To"))
    return said[0][1:].partition("@")[0] if said else ""


def _bytes(part: Message) -> bytes:
    body = part.get_payload(decode=True)
    return body if isinstance(body, bytes) else b""


def read_mail(raw: bytes) -> Mail:
    """The mail in these bytes. Raises `Refused(400)` when it is nested too deeply to be read."""
    try:
        message = message_from_bytes(raw)
        text = _text(message)
    except (RecursionError, MessageError) as trouble:
        raise Refused("This mail cannot be read: its parts are nested too deeply.", status=400) from trouble
    ids = ID.findall(_header(message, "Message-ID"))
    thread = list(dict.fromkeys(ID.findall(_header(message, "References") + _header(message, "In-Reply-To"))))
    if len(thread) > IDS_MAX:
        thread = [thread[0], *thread[1 - IDS_MAX :]]
    return Mail(
        id=ids[0] if ids else f"sha256:{sha256(raw).hexdigest()}",
        thread=tuple(thread),
        subject=_line(_header(message, "Subject"))[:SUBJECT_MAX] or "A mail without a subject",
        text=text[:TEXT_MAX],
        sender=_line(_header(message, "From"))[:SUBJECT_MAX],
        automatic=_automatic(message),
    )


def _automatic(message: Message) -> bool:
    said = _header(message, "Auto-Submitted").partition(";")[0].strip().lower()
    if said and said != "no":
        return True
    if _header(message, "Precedence").strip().lower() in AUTOMATIC:
        return True
    return message.get_content_type() == "multipart/report"  # a bounce: RFC 3464


def _header(message: Message, name: str) -> str:
    """The header decoded; as it stands where its encoding is broken."""
    raw = message.get(name)
    if raw is None:
        return ""
    try:
        return clean(str(make_header(decode_header(raw))))
    except (MessageError, LookupError, ValueError):  # an unknown character set, broken base64
        return clean(str(raw))


def _line(text: str) -> str:
    return " ".join(text.split())


def _text(message: Message) -> str:
    """The first plain text that is no attachment, else the first HTML in plain words."""
    parts = [one for one in message.walk() if one.get_content_disposition() != "attachment"]
    for kind in ("text/plain", "text/html"):
        for part in parts:
            if part.get_content_type() == kind and (found := _decoded(part).strip()):
                return found if kind == "text/plain" else bare(found)
    return ""


def _decoded(part: Message) -> str:
    body = part.get_payload(decode=True)
    if not isinstance(body, bytes):
        return ""
    try:
        text = body.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        text = body.decode("utf-8", "replace")
    return clean(text.replace("\r\n", "\n"))
