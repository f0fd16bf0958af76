"""Letter: the words of a mail to customers, from the runbook's own template, as text and as HTML.

Blanks whose answer the log knows (the date, from when until when) are filled; people fill in the rest. A blank that
nobody filled stays as the template writes it, and the check stops the letter there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape

from fireline.core import draft
from fireline.core.draft import Finding, Inside
from fireline.core.incident import Incident
from fireline.core.refusal import Refused
from fireline.core.runbook import Runbook
from fireline.core.timeline import duration

TEMPLATE = """\
Subject: [Action Required/FYI] Service interruption on [DATE]

Dear customers,

On [DATE], from [TIME] to [TIME] UTC, this did not work as it should: [SERVICES].

Impact:
- [What you noticed]

Root cause:
- [The reason, in plain words]

Resolution:
- [What ended it]

Prevention:
- [What keeps it from coming back]

We are sorry. If you have questions, write to [SUPPORT ADDRESS].

[SIGNATURE]
"""  # for a runbook that brings none of its own
SUBJECT_MAX_CHARS = 200  # mail programs show about 70
TEXT_MAX_CHARS = 10_000
SECTIONS = ("impact", "cause", "resolution", "prevention")

_SUBJECT = re.compile(r"\A\s*\**subject\**\s*:\**[ \t]*(?P<subject>[^\n]*)(?:\n|\Z)", re.IGNORECASE)
_BLANK = re.compile(r"\[[^\[\]\n]+\](?!\()|<[A-Za-z][^<>\n@]*>|\{\{?[^{}\n]+\}?\}|\bHH:MM\b")
_HEADING = re.compile(r"^[#*\s]*(?P<title>[^\[\]<>{}\n]+?):?\**:?\s*$")
_BULLET = re.compile(r"^(?P<mark>\s*[-*•]\s+)(?P<rest>.+?)\s*$")
_UNTIL = re.compile(r"\b(?:end|until|to|resolved|restored)\b", re.IGNORECASE)
_FROM = re.compile(r"\b(?:start|begin|began|from)\b", re.IGNORECASE)
# Which section a heading or a blank speaks of. "What we will change" is prevention, so that comes first.
_ABOUT = (
    ("prevention", re.compile(r".*(?:prevent|recur|will change|coming back|next steps|from now on).*", re.IGNORECASE)),
    ("cause", re.compile(r".*\b(?:causes?|why|reason)\b.*", re.IGNORECASE)),
    ("resolution", re.compile(r".*(?:resol|\bfix|we did|was done|ended it|repair).*", re.IGNORECASE)),
    ("impact", re.compile(r".*(?:impact|meant|affect|notice|happened|experience).*", re.IGNORECASE)),
)
# What a blank asks for by its own words, the first that fits.
_ASKS = (
    ("length", re.compile(r".*\bduration\b.*", re.IGNORECASE)),
    ("time", re.compile(r"\W*(?:\w+ )?time(?: utc)?\W*|\W*HH:MM(?: utc)?\W*", re.IGNORECASE)),
    ("date", re.compile(r"\W*(?:\w+ )?(?:date|day|yyyy-mm-dd)\W*", re.IGNORECASE)),
    ("services", re.compile(r"\W*(?:(?:the|affected|impacted) )*(?:services?|systems?|components?)\W*", re.IGNORECASE)),
    *_ABOUT,
    ("support", re.compile(r".*\b(?:support|contact|e-?mail|address)\b.*", re.IGNORECASE)),
    ("signature", re.compile(r".*\b(?:signature|team|company|your name)\b.*", re.IGNORECASE)),
)  # fmt: skip
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a letter is filled with. Empty words leave their blank as it is; so does an incident that is not over."""

    choice: str = "FYI"
    began: datetime
    ended: datetime | None
    services: tuple[str, ...] = ()  # as customers call them
    impact: str = ""
    cause: str = ""
    resolution: str = ""
    prevention: str = ""
    support: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A letter's words."""

    subject: str
    text: str


def template_of(*books: Runbook | None) -> str:
    """The customer template of the first of these runbooks that has one, else ours."""
    found = (one.text for book in books if book for one in book.templates if one.kind == "customer")
    return next(found, TEMPLATE)


def choices(template: str) -> tuple[str, ...]:
    """What the subject can begin with, such as Action Required and FYI; empty when the template leaves no choice."""
    hole = next((one[0] for one in _BLANK.finditer(_split(template)[0]) if "/" in one[0]), "")
    return tuple(word for one in hole[1:-1].split("/") if (word := one.strip()))


def facts(now: Incident, *, services: Iterable[str] = (), support: str = "", signature: str = "") -> Facts:
    """What the log knows: from when until when, the cause that was stated, what was done that went well."""
    cause = now.root_cause.text if now.root_cause and now.root_cause.known else ""
    did = [
        run.started.title
        for run in now.runs.values()
        if run.started.purpose == "mitigation" and run.finished and run.finished.ending == "ok"
    ]
    return Facts(
        began=now.declared.detected_at, ended=now.ended_at, services=tuple(services), cause=cause,
        resolution="\n".join(dict.fromkeys(did)), support=support, signature=signature,
    )  # fmt: skip


def given(known: Facts, **words: str | None) -> Facts:
    """`known`, and what somebody typed in its place; None leaves it. Times are UTC, as `2026-11-23T03:04`."""
    times = {name: _moment(name, text) for name in ("began", "ended") if (text := words.pop(name, None))}
    kept = {name: text.replace("\r\n", "\n").strip() for name, text in words.items() if text is not None}
    found = replace(known, **kept, **times)  # type: ignore[arg-type]  # names are those of Facts, here and in the doors
    if found.ended and found.ended < found.began:
        raise Refused("It ended before it began: look at the times.", field="ended", status=400)
    return found


def fill(template: str, known: Facts) -> Words:
    """The template with its blanks filled; every other character stays the template's own."""
    subject, body = _split(template)
    head = " ".join(_inline(subject, known).split())
    section, begun, lines = "", False, list[str]()
    for line in body.splitlines():
        if (heading := _HEADING.match(line)) and line.rstrip("* ").endswith(":"):
            section, begun = _first(_ABOUT, heading["title"]), False
        elif not line.strip() and begun:
            section = ""
        begun = begun or (not heading and bool(line.strip()))
        bullet = _BULLET.match(line)
        mark, rest = (bullet["mark"], bullet["rest"]) if bullet else ("", line.strip())
        about = (section or _first(_ASKS, rest)) if _BLANK.fullmatch(rest) else ""
        value = str(getattr(known, about)) if about in SECTIONS else ""
        told = [one.strip().removeprefix("- ") for one in value.splitlines() if one.strip()]
        lines += [f"{mark}{one}" for one in told] or [_inline(line, known)]
    return Words(head, "\n".join(lines).strip())


def check(subject: str, text: str, known: Inside, template: str) -> tuple[Finding, ...]:
    """What in a letter has no place outside. What the runbook's own template says to customers, it means."""
    meant = {(one.kind, one.found) for one in draft.lint(template, known) if not one.stops}
    found = draft.lint(f"{subject}\n{text}", known)
    return tuple(one for one in found if one.stops or (one.kind, one.found) not in meant)


def html(text: str, *, footer: Iterable[tuple[str, str]] = ()) -> str:
    """The same words as HTML: paragraphs, lists and addresses to press. `footer`: sentences with their links."""
    blocks = "\n".join(_block(one) for one in re.split(r"\n\s*\n", text.strip()))
    small = "".join(f'<p><small>{_words(said)} <a href="{escape(url)}">{escape(url)}</a></small></p>\n'
                    for said, url in footer)  # fmt: skip
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"></head>\n<body>\n'
        f"{blocks}\n{'<hr>' if small else ''}\n{small}</body></html>\n"
    )


def _split(template: str) -> tuple[str, str]:
    found = _SUBJECT.match(template)
    if found:
        return found["subject"].strip(), template[found.end() :]
    ours = _SUBJECT.match(TEMPLATE)
    assert ours
    return ours["subject"].strip(), template


def _inline(line: str, known: Facts) -> str:
    """One line with its blanks filled. Of two equal blanks for a time the first is the beginning."""
    times = 0

    def put(hole: re.Match[str]) -> str:
        nonlocal times
        said = hole[0]
        if "/" in said and known.choice.casefold() in {one.strip().casefold() for one in said[1:-1].split("/")}:
            first = hole.start() == 0 and line[hole.end() : hole.end() + 1].isspace()
            return f"{known.choice}:" if first else known.choice  # as people write it in front of a subject
        match _first(_ASKS, said):
            case "length":
                return duration(known.ended - known.began) if known.ended else said
            case "time":
                times += 1
                last = _UNTIL.search(said) or (times % 2 == 0 and not _FROM.search(said))
                return (_until(known) or said) if last else _clock(known.began)
            case "date":
                return _date(known.began)
            case "services":
                return ", ".join(known.services) or said
            case "":
                return said
            case about:
                return str(getattr(known, about)) or said

    return _BLANK.sub(put, line)


def _first(table: tuple[tuple[str, re.Pattern[str]], ...], said: str) -> str:
    return next((name for name, words in table if words.fullmatch(said)), "")


def _date(at: datetime) -> str:
    at = at.astimezone(UTC)
    return f"{at.day} {at:%B %Y}"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M}"


def _until(known: Facts) -> str:
    """The end; with its day where that is another one."""
    if known.ended is None:
        return ""
    same = _date(known.began) == _date(known.ended)
    return _clock(known.ended) if same else f"{_clock(known.ended)} ({_date(known.ended)})"


def _moment(name: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refused("Write a time as 2026-11-23T03:04, in UTC.", field=name, status=400) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _block(text: str) -> str:
    """One paragraph; lines of it that begin with a dash are a list."""
    return "\n".join(_parts(text.splitlines()))


def _parts(lines: list[str]) -> Iterator[str]:
    words, items = list[str](), list[str]()
    for line in [*lines, ""]:
        bullet = _BULLET.match(line)
        if bullet and words:
            yield f"<p>{'<br>'.join(words)}</p>"
            words = []
        if not bullet and items:
            yield f"<ul>{''.join(items)}</ul>"
            items = []
        if bullet:
            items.append(f"<li>{_words(bullet['rest'])}</li>")
        elif line.strip():
            words.append(_words(line))
    if words:
        yield f"<p>{'<br>'.join(words)}</p>"


def _words(text: str) -> str:
    """Escaped, with mail addresses to press."""
    said, at = "", 0
    for hit in _MAIL.finditer(text):
        said += escape(text[at : hit.start()]) + f'<a href="mailto:{escape(hit[0])}">{escape(hit[0])}</a>'
        at = hit.end()
    return said + escape(text[at:])
