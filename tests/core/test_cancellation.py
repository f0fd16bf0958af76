"""A command is cancelled by one person, once, while it runs; a file is attached once, under a name that is harmless."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fireline.core import attachment, cancellation, command, incident, timeline
from fireline.core.events import HOUSE, Log
from fireline.core.follow import follow
from fireline.core.refusal import Refused

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def running() -> Log:
    declared = incident.declare(
        (), NOON, title="Slow", severity="P1", severity_name="High", severity_why="named", response_minutes=15, by="ana"
    )
    started = command.start_read(
        (declared,), NOON, run="1.k1", step="k1", title="Read the log", command="cat log", effect="read", rule="cat",
        unattended=True, purpose="diagnosis", by=HOUSE,
    )  # fmt: skip
    return (declared, started)


def finished(log: Log) -> Log:
    ended = command.finish(
        log, NOON, run="1.k1", ending="ok", exit_code=0, seconds=3.2, evidence="ab", size=2, by=HOUSE
    )
    return (*log, ended)


@pytest.mark.req(48)
def test_the_log_says_who_and_why_and_the_stopping_follows_from_it() -> None:
    log = running()
    log = (*log, cancellation.ask(log, NOON, run="1.k1", reason="too  much", by="ana"))
    assert timeline.entries(log)[-1].sentence == "ana cancels Read the log: too much"
    (work,) = follow(1, log)
    assert (work.kind, work.data) == ("cancel", {"run": "1.k1"})  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("log", "run", "reason", "says"),
    [
        (running(), "1.k2", "why", "no run 1.k2"),
        (running(), "1.k1", "  ", "Say why"),
        (finished(running()), "1.k1", "why", "ended already: ok, after 3.2 s"),
        ((*running(), cancellation.ask(running(), NOON, run="1.k1", reason="slow", by="ben")), "1.k1", "why",
         "ben has cancelled it already: slow"),
    ],
)  # fmt: skip
def test_what_cannot_be_cancelled_is_refused_in_words(log: Log, run: str, reason: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        cancellation.ask(log, NOON, run=run, reason=reason, by="ana")


@pytest.mark.req(58)
def test_the_same_bytes_are_attached_once() -> None:
    log = running()
    log = (*log, attachment.attach(log, NOON, name="heap.prof", size=4_400_000, evidence="ab", by="ana"))
    assert timeline.entries(log)[-1].sentence == "ana attached heap.prof, 4.2 MiB"
    with pytest.raises(Refused, match="ana has attached these bytes already"):
        attachment.attach(log, NOON + timedelta(seconds=1), name="b", size=1, evidence="ab", by="ben")
    with pytest.raises(Refused, match="empty"):
        attachment.attach(log, NOON, name="b", size=0, evidence="cd", by="ben")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\dumps\\heap.bin", "heap.bin"),
        ('a"b\r\nSet-Cookie: x', "a b Set-Cookie: x"),
        ("", "file"),
        ("x" * 300 + ".heapsnapshot", "x" * 107 + ".heapsnapshot"),
    ],
)
def test_a_files_name_is_its_own_and_can_be_shown(name: str, shown: str) -> None:
    assert attachment.named(name) == shown
    assert len(shown) <= attachment.NAME_MAX_CHARS
