"""Ten lines tell whoever comes in the middle what is wrong, who commands, what was tried, and when the next word is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from core.test_update import MINUTE, NOON, declared, night
from fireline.core import approval, command, incident, roles, task, update
from fireline.core.brief import LINES_MAX, brief, text
from fireline.core.events import HOUSE, Log, StatusChanged

LATE = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)


def busy() -> Log:
    """Everything there is to tell, told."""
    log = night()
    digest = approval.asks(log)[0].digest
    for deed in (
        partial(incident.acknowledge, by="ana"),
        partial(roles.take, role="scribe", by="cleo"),
        partial(roles.offer, role="commander", to="ben", by="ana"),
        partial(task.give, to="ben", text="Look at the disk", minutes=10, by="ana"),
        partial(update.send, actions="the restart", template=update.TEMPLATE, by="ana"),
        partial(approval.give, number=1, shown=digest, by="ben"),
        partial(command.start_approved, run="1.ask1", number=1, by=HOUSE),
        partial(
            command.finish, run="1.ask1", ending="ok", exit_code=0, seconds=1.0, evidence="ab", size=1, summary="up",
            by=HOUSE,
        ),
    ):  # fmt: skip
        log = (*log, deed(log, log[-1].at + timedelta(seconds=10)))
    return log


def test_the_brief_of_a_busy_night_has_ten_lines_and_says_it_all() -> None:
    lines = brief(142, busy(), NOON + 10 * MINUTE, base_url="https://fireline.example")
    assert len(lines) == LINES_MAX
    told = text(lines).splitlines()
    assert told == [
        "What: INC-142 Redis is down (sessions): Investigating",
        "Since: 12:00 UTC, 10 min ago",
        "Severity: P1 High: its row",
        "Command: ana, Scribe cleo",
        "Seen: RedisDown fires; Ask Redis: Connection refused",
        "Tried: Restart Redis: ok; not verified yet",
        "Waits: ben: Look at the disk (given); ben is asked to be Commander",
        "Last update: #1 at 12:04: the restart",
        "Next update: our people 12:24 UTC, in 14 min 50 s",
        "Links: https://fireline.example/incidents/142 · https://fireline.example/incidents/142/runbook",
    ]


def test_what_there_is_nothing_to_say_for_is_left_out() -> None:
    lines = brief(142, declared(), NOON + 40 * MINUTE)
    assert [one.label for one in lines] == ["What", "Since", "Severity", "Command", "Waits", "Next update"]
    said = {one.label: one.text for one in lines}
    assert said["Command"] == "nobody commands yet"
    assert said["Waits"] == "nobody has acknowledged it"
    assert said["Next update"] == "our people 12:20 UTC, 20 min late"


def test_the_severity_says_why_it_was_changed_last() -> None:
    log = declared()
    graver = incident.change_severity(
        log, NOON, severity="P0", severity_name="Critical", response_minutes=5, reason="nobody can pay", by="ana"
    )
    assert "Severity: P0 Critical: nobody can pay" in text(brief(1, (*log, graver), NOON))


def test_of_an_incident_that_is_over_it_says_from_when_to_when() -> None:
    log = (*busy(), StatusChanged(at=LATE, by="ana", status="Resolved"))
    said = {one.label: one.text for one in brief(142, log, LATE + 90 * MINUTE)}
    assert said["Since"] == "12:00 to 13:00 UTC, 1 h 0 min"
    assert said["Waits"] == "the review's draft"
    assert "Next update" not in said


@pytest.mark.parametrize("many", [1, 5, 40])
def test_many_of_a_kind_take_one_line(many: int) -> None:
    log = declared()
    for n in range(many):
        log = (*log, task.give(log, NOON, to="ben", text=f"thing {n}", minutes=10, by="ana"))
    lines = brief(1, log, NOON)
    assert len(lines) <= LINES_MAX
    assert all(len(one.text) < 300 and "\n" not in one.text for one in lines)
