"""An update is the runbook's own template with its blanks filled, numbered, and names the next one and no fix."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fireline.core import alert, approval, command, incident, update
from fireline.core.alert import Alert
from fireline.core.events import HOUSE, Cadence, IncidentDeclared, Log, StatusChanged, UpdateSent
from fireline.core.refusal import Refused
from fireline.core.runbook import parse
from fireline.shell import parse as shell

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RESTART = "supervisorctl restart redis"


def declared(**more: Any) -> Log:
    first = IncidentDeclared(
        at=NOON, by="ana", title="Redis is down", severity="P1", severity_name="High", severity_why="its row",
        response_minutes=15, detected_at=NOON, cadence=Cadence(internal={"P1": 20.0}), **more,
    )  # fmt: skip
    return (first,)


def send(log: Log, at: datetime = NOON, **more: Any) -> UpdateSent:
    facts: dict[str, Any] = {"actions": "the repair", "template": update.TEMPLATE, "by": "ana"} | more
    return update.send(log, at, **facts)


@pytest.mark.req(80)
def test_updates_are_numbered_and_say_their_time() -> None:
    log = declared()
    for n in (1, 2, 3):
        log = (*log, send(log, NOON + n * MINUTE))
    assert [one.number for one in update.updates(log)] == [1, 2, 3]
    assert [one.text.splitlines()[0] for one in update.updates(log)] == [
        "📊 Incident Update #1 (12:01 UTC)",
        "📊 Incident Update #2 (12:02 UTC)",
        "📊 Incident Update #3 (12:03 UTC)",
    ]


@pytest.mark.req(85)
def test_the_seeds_template_is_filled_and_otherwise_left_as_it_is(shared: Path) -> None:
    page = shared / "seed" / "incident-response-runbook.md"
    template = update.template_of(None, parse(page.read_bytes(), path=page.name, shell=shell))
    told = send(
        declared(), NOON + 7 * MINUTE, template=template, users=1200, services=("console", "api"),
        actions="the rollback of marketing to revision 42",
    )  # fmt: skip
    asked = template.splitlines()
    assert asked[0].startswith("📊 ")
    assert told.text.splitlines() == [
        asked[0].replace("#X", "#1").replace("HH:MM", "12:07"),
        "Status: Investigating",
        asked[2].replace("X users", "1200 users").replace("Y services", "2 services"),
        asked[3].replace(" Z", " the rollback of marketing to revision 42"),
        asked[4].replace("in 15 minutes", "in 20 minutes (12:27 UTC)"),
    ]


@pytest.mark.req(85)
@pytest.mark.parametrize(("template", "told"), [
    (update.TEMPLATE, "Impact: unknown users affected, services degraded: unknown"),
    ("Update [number] - [time]\nWe are: <what you do>\nETA: [time]", "ETA: 12:20 UTC"),
    ("UPDATE #[n] HH:MM UTC", "UPDATE #1 12:00 UTC"),
    ("Actions: restarting things, for example", "Actions: the repair"),
    ("Doing:", "Doing: the repair"),
    ("**Actions:** [what]", "**Actions:** the repair"),
    ("Next update: HH:MM UTC, or sooner", "Next update: 12:20 UTC, or sooner"),
    ("We write again within 15 minutes. Next update in 1 hour.", "Next update in 20 minutes (12:20 UTC)."),
    ("Customers: <N> customers cannot pay", "Customers: unknown customers cannot pay"),
    ("Plan X stays as it is in 15 minutes", "in 15 minutes"),
])  # fmt: skip
def test_templates_of_other_teams_are_filled_too(template: str, told: str) -> None:
    assert told in send(declared(), template=template).text


def test_what_people_write_is_never_taken_for_a_blank() -> None:
    words = "restore [prod] <Y> with plan Z #X at HH:MM"
    assert words in send(declared(), actions=words, services=("[a]",)).text


def test_the_last_update_promises_no_next_one() -> None:
    log = (*declared(), StatusChanged(at=NOON, by="ana", status="Resolved"))
    last = send(log)
    assert last.next_update_at is None
    assert last.text.splitlines()[-1] == "Next update: none, this was the last update"


@pytest.mark.req(81)
def test_the_status_is_one_of_four_and_the_incidents_own() -> None:
    log = declared()
    with pytest.raises(Refused, match="Status is one of Investigating, Identified, Monitoring, Resolved"):
        send(log, status="Fixing")
    with pytest.raises(Refused, match="The incident is Investigating"):
        send(log, status="Identified")
    log = (*log, incident.change_status(log, NOON, status="Monitoring", by="ana", why="seen by hand"))
    log = (*log, incident.change_status(log, NOON, status="Identified", by="ana"))  # back again
    assert send(log, status="Identified").text.splitlines()[1] == "Status: Identified"


@pytest.mark.req(82)
@pytest.mark.parametrize(("users", "services", "line"), [
    (0, (), "0 users affected, services degraded: none"),
    (412, ("cart", " api ", "cart"), "412 users affected, services degraded: cart, api"),
    (None, None, "unknown users affected, services degraded: unknown"),
])  # fmt: skip
def test_the_impact_is_a_number_or_unknown(users: int | None, services: tuple[str, ...] | None, line: str) -> None:
    assert line in send(declared(), users=users, services=services).text


@pytest.mark.req(82, 83, 84)
@pytest.mark.parametrize(("wrong", "field"), [
    ({"users": -1}, "users"), ({"actions": " "}, "actions"), ({"actions": "x" * 1001}, "actions"),
    ({"actions": "It will be fixed by 14:00"}, "actions"), ({"actions": "back in 10 minutes"}, "actions"),
])  # fmt: skip
def test_what_is_missing_or_promised_is_refused_by_its_field(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as no:
        send(declared(), **wrong)
    assert (no.value.status, no.value.field) == (400, field)


def night() -> Log:
    """Redis is down, somebody looked, a restart waits for a yes."""
    log = declared(service="sessions")
    fired = Alert(
        source="alertmanager", labels={"alertname": "RedisDown", "service": "cache"},
        annotations={"summary": "Redis does not answer"}, starts_at=NOON,
    )  # fmt: skip
    for deed in (
        partial(alert.join, alert=fired, why="service cache", by=HOUSE),
        partial(
            command.start_read, run="1.a", step="s1", title="Ask Redis", command="redis-cli ping", effect="read",
            rule="redis-cli", unattended=True, purpose="diagnosis", by=HOUSE,
        ),
        partial(
            command.finish, run="1.a", ending="failed", exit_code=1, seconds=0.4, evidence="ab", size=1,
            summary="Connection refused", by=HOUSE,
        ),
        partial(
            approval.ask, step="s2", title="Restart Redis", command=RESTART, effect="write", rule="supervisorctl",
            reason="it is down", yes_needed=1, by=HOUSE,
        ),
    ):  # fmt: skip
        log = (*log, deed(log, log[-1].at + MINUTE))
    return log


def test_a_draft_is_filled_from_what_is_new() -> None:
    draft = update.draft(night(), NOON + 5 * MINUTE)
    assert (draft.number, draft.status, draft.users) == (1, "Investigating", None)
    assert draft.services == ("sessions", "cache")
    assert draft.actions.startswith("Restart Redis (waits for a yes). New: ")
    assert "Ask Redis: exit 1, 0.4 s (Connection refused)" in draft.actions
    assert draft.next_update_at == NOON + 25 * MINUTE
    assert draft.line.startswith("New since the declaration: ")


def test_a_draft_tells_nothing_twice_and_says_when_nothing_is_new() -> None:
    log = night()
    log = (*log, send(log, NOON + 5 * MINUTE, actions="Restart Redis (waits for a yes).", users=40))
    draft = update.draft(log, NOON + 19 * MINUTE)
    assert (draft.news, draft.line) == ((), "Nothing new since update #1 (12:05).")
    assert (draft.actions, draft.users) == ("Restart Redis (waits for a yes); no change since #1", 40)
    log = (*log, send(log, NOON + 19 * MINUTE, actions=draft.actions))
    assert update.draft(log, NOON + 30 * MINUTE).actions == "Restart Redis (waits for a yes); no change since #2"
    log = (*log, incident.change_status(log, NOON + 31 * MINUTE, status="Identified", by="ana"))
    assert update.draft(log, NOON + 32 * MINUTE).news == ("Status Identified",)


def test_what_a_draft_says_may_be_sent_as_it_stands() -> None:
    draft = update.draft(night(), NOON + 5 * MINUTE)
    told = send(night(), NOON + 5 * MINUTE, actions=draft.actions, services=draft.services)
    assert told.actions == draft.actions
