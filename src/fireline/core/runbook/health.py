"""The addresses that say whether the services are well, taken from the runbook's own curl commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from fireline.core.runbook.model import Command, Runbook
from fireline.core.runbook.words import URL

CURL = re.compile(r"\b(?:curl|wget|http)\b")
HEALTH = re.compile(r"/(?:health|healthz|ready|readyz|live|livez|status|ping)/?$", re.IGNORECASE)
OTHERS = re.compile(
    r"\bexternal|\bdepend|\bprovider|\bupstream|\bthird[ -]part", re.IGNORECASE
)  # not ours to answer for
LOOP = re.compile(r"\bfor\s+(?P<name>[A-Za-z_]\w*)\s+in\s+(?P<words>[^;\n$`*]+?)\s*(?:;|\n)")


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthUrl:
    """One address, the line of the command that asks it, and the block that command stands in."""

    url: str
    line: int
    block: int


def read_health_urls(runbook: Runbook, *, merge: bool = True) -> tuple[HealthUrl, ...]:
    """Give the health addresses of the page, loops over plain words written out; `merge` gives each once."""
    found: dict[object, HealthUrl] = {}
    for command in runbook.commands:
        for url in _urls(command):
            one = HealthUrl(url=url, line=command.line, block=command.block)
            found.setdefault(url if merge else (url, command.block), one)
    return tuple(found.values())


def place_of(url: str) -> str:
    """Where an address points, for people: host, port and path, without what may be a key in it."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2] + parts.path


def service_of(url: str) -> str:
    """What an address is about, when nobody says: the first word of its host; of a bare machine, host and port."""
    host = urlsplit(url).netloc.rpartition("@")[2].removeprefix("www.")
    first, dot, rest = host.partition(".")
    return first if dot and re.search(r"[a-z]", rest, re.IGNORECASE) and not first.isdigit() else host


def _urls(command: Command) -> Iterator[str]:
    if not CURL.search(command.text) or OTHERS.search(command.title or ""):
        return
    loop = LOOP.search(command.text)
    for match in URL.finditer(command.text):
        variants = [match[0]]
        if loop:
            name = re.compile(rf"\$(?:{loop['name']}\b|\{{{loop['name']}\}})")
            variants = [name.sub(lambda _, w=word: w, match[0]) for word in loop["words"].split()]  # type: ignore[misc]
        yield from (url for url in dict.fromkeys(variants) if HEALTH.search(url) and "$" not in url)
