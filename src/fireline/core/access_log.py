"""Access log: who asks how often and is told 429, out of the lines that nginx and Apache write.

The combined format, `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer"
"$http_user_agent"`, with or without its last two: https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

TOO_MANY = 429  # https://www.rfc-editor.org/rfc/rfc6585#section-4
LINE = re.compile(
    r"^(?P<client>[0-9A-Fa-f:.]+|[\w.-]+) \S+ (?P<user>\S+)"
    r" \[(?P<time>\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4})\]"
    r' "(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?:\d+|-)'
    r'(?: "(?:[^"\\]|\\.)*" "(?P<agent>(?:[^"\\]|\\.)*)")?'
)
MONTHS = {name: n for n, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}  # noqa: SIM905
FEWEST = 3  # lines that parse before anything is called an access log
SHARE = 0.5  # of the lines
SHOWN = 5
LOUD = 0.5  # one client with this share of all 429s is the story


@dataclass(frozen=True, slots=True)
class Request:
    """One line."""

    client: str
    at: datetime
    method: str
    path: str  # without what follows a ?, which may hold keys
    status: int
    agent: str


@dataclass(slots=True)
class Traffic:
    """What many lines say together. Counts only: a log of any size fits."""

    lines: int = 0
    odd: int = 0  # lines that are no access log's
    requests: Counter[str] = field(default_factory=Counter)  # by client
    refused: Counter[str] = field(default_factory=Counter)  # told 429, by client
    refused_paths: Counter[str] = field(default_factory=Counter)
    agents: dict[str, str] = field(default_factory=dict)  # of a client that was told 429
    statuses: Counter[int] = field(default_factory=Counter)
    first: datetime | None = None
    last: datetime | None = None

    @property
    def known(self) -> int:
        """Requests that could be read."""
        return self.lines - self.odd

    def add(self, line: str) -> None:
        """Count one line."""
        self.lines += 1
        one = read(line)
        if one is None:
            self.odd += 1
            return
        self.requests[one.client] += 1
        self.statuses[one.status] += 1
        self.first = min(self.first or one.at, one.at)
        self.last = max(self.last or one.at, one.at)
        if one.status == TOO_MANY:
            self.refused[one.client] += 1
            self.refused_paths[one.path] += 1
            self.agents[one.client] = one.agent


def read(line: str) -> Request | None:
    """The request of one line; None when it is no line of this format."""
    found = LINE.match(line)
    if found is None:
        return None
    at = _time(found["time"])
    if at is None:
        return None
    method, _, rest = found["request"].partition(" ")
    path = rest.rpartition(" ")[0] or rest
    return Request(found["client"], at, method, path.partition("?")[0], int(found["status"]), found["agent"] or "")


def count(lines: Iterable[str]) -> Traffic:
    """Count many lines."""
    traffic = Traffic()
    for line in lines:
        if line.strip():
            traffic.add(line)
    return traffic


def findings(traffic: Traffic) -> tuple[str, ...]:
    """What a responder should read first: who is behind the 429s, and how much of all traffic they are."""
    if not traffic.known:
        return ("No line of this is an access log's.",)
    total, refused = traffic.known, traffic.refused.total()
    minutes = _minutes(traffic)
    over = f" in {minutes:.3g} min" if minutes else ""
    if not refused:
        failing = sum(n for status, n in traffic.statuses.items() if status >= 500)
        errors = f", {failing} of them failed with 5xx ({_share(failing, total)})" if failing else ""
        return (f"{total} requests{over}{errors}; none was told 429.",)
    clients = len(traffic.refused)
    who = "one client" if clients == 1 else f"{clients} clients"
    said = [f"{refused} of {total} requests{over} were told 429 ({_share(refused, total)}), of {who}."]
    for client, n in traffic.refused.most_common(SHOWN):
        asked = traffic.requests[client]
        agent = f", {traffic.agents[client][:60]}" if traffic.agents[client] not in {"", "-"} else ""
        said.append(f"{client}: {n} times 429 of {asked} requests ({_share(n, refused)} of all 429s){agent}.")
    client, most = traffic.refused.most_common(1)[0]
    path, times = traffic.refused_paths.most_common(1)[0]
    said.append(f"Most often for {path}: {times} times.")
    if most >= LOUD * refused and clients > 1:
        said.append(f"{client} alone is behind {_share(most, refused)} of it: limit or allow that one, not everybody.")
    elif clients > 10 * SHOWN:
        said.append("It is spread over many clients: the limit is tight for everybody, or they share an address.")
    return tuple(said)


def of_output(output: str) -> tuple[str, ...]:
    """Findings of what a command such as `tail access.log` said; none when that is no access log."""
    lines = [line for line in output.splitlines() if line.strip()]
    if len(lines) < FEWEST:
        return ()
    traffic = count(lines)
    return findings(traffic) if traffic.known >= max(FEWEST, SHARE * len(lines)) and traffic.refused else ()


def _minutes(traffic: Traffic) -> float:
    if traffic.first is None or traffic.last is None:
        return 0.0
    return (traffic.last - traffic.first).total_seconds() / 60


def _share(part: int, whole: int) -> str:
    percent = 100 * part / whole
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.2g} %"


def _time(text: str) -> datetime | None:
    """`12/Nov/2026:14:03:09 +0100`; the months are English whatever the machine's language is."""
    day, month, rest = text.split("/", 2)
    if month not in MONTHS:
        return None
    year, hour, minute, second_zone = rest.split(":", 3)
    second, _, zone = second_zone.partition(" ")
    try:
        local = datetime.fromisoformat(f"{year}-{MONTHS[month]:02}-{day}T{hour}:{minute}:{second}{zone[:3]}:{zone[3:]}")
    except ValueError:
        return None
    return local.astimezone(UTC)
