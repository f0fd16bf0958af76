"""`nc -z`: whether a port is open, closed or filtered, without anything being sent to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fireline.core.question import flags

SWITCHES = frozenset({"-z", "-v", "-n", "-4", "-6"})
VALUED = frozenset({"-w"})


@dataclass(frozen=True, slots=True)
class Nc:
    """One TCP port of one host; `seconds` is how long to wait for it, None when the command does not say."""

    host: str
    port: int
    seconds: float | None = None
    verbose: bool = False
    family: str = ""  # "4" or "6": which kind of address only


def understand(argv: Sequence[str], environment: Mapping[str, str]) -> Nc | None:
    """The question that `nc -z host port` asks; None for anything that would send something, or listen."""
    read = flags(argv[1:], switches=SWITCHES, valued=VALUED)
    if read is None or not read.has("-z") or len(read.words) != 2 or (read.has("-4") and read.has("-6")):
        return None
    host, port = read.words
    wait = read.last("-w")
    if not port.isdecimal() or not 0 < int(port) < 65536 or not (wait or "1").isdecimal():
        return None
    if read.has("-n") and not host.replace(".", "").replace(":", "").isalnum():
        return None
    return Nc(
        host=host,
        port=int(port),
        seconds=float(wait) if wait else None,
        verbose=read.has("-v"),
        family="4" if read.has("-4") else "6" if read.has("-6") else "",
    )
