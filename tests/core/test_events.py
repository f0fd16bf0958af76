"""Events live for ever: what was written once is read always, and any log that deeds made can be read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireline.core import alert as alerts
from fireline.core import approval, command, delivery, gate, incident, review, timeline
from fireline.core.alert import Alert
from fireline.core.events import HOUSE, AnyEvent, IncidentDeclared, Log, from_json, to_json
from fireline.core.follow import follow
from fireline.core.incident import fold
from fireline.core.refusal import Refused

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
# One of each, as release 0.1.0 wrote them. These lines are never changed: a line of today's release is added.
GOLDEN = """\
{"type":"IncidentDeclared","at":"2026-03-02T12:00:00Z","by":"ana","title":"Redis is down","severity":"P1","severity_name":"High","severity_why":"an example","response_minutes":15,"detected_at":"2026-03-02T11:58:00Z","service":"cache","runbook":{"path":"runbook.md","title":"Runbook","digest":"ab","commit":null},"scenario":"Redis Down","match_why":"named there","gates":[{"key":"g1","text":"No alerts firing","kind":"alerts"}],"watch_minutes":30.0,"watch_speed":1.0,"values":{"host":"web-1"},"source":"alertmanager","drill":false,"private":false}
{"type":"AlertJoined","at":"2026-03-02T12:00:00Z","by":"fireline","fingerprint":"f1","name":"RedisDown","source":"alertmanager","starts_at":"2026-03-02T11:58:00Z","why":"service cache","labels":{"alertname":"RedisDown"},"summary":"Redis does not answer"}
{"type":"AlertCleared","at":"2026-03-02T12:00:00Z","by":"fireline","fingerprint":"f1","name":"RedisDown","ended_at":"2026-03-02T12:00:00Z"}
{"type":"IncidentAcknowledged","at":"2026-03-02T12:00:00Z","by":"ana"}
{"type":"AcknowledgementMissed","at":"2026-03-02T12:00:00Z","by":"fireline","response_minutes":15}
{"type":"SeverityChanged","at":"2026-03-02T12:00:00Z","by":"ana","severity":"P0","severity_name":"Critical","response_minutes":5,"reason":"nobody can pay"}
{"type":"StatusChanged","at":"2026-03-02T12:00:00Z","by":"ana","status":"Identified","why":"it is Redis"}
{"type":"NoteAdded","at":"2026-03-02T12:00:00Z","by":"ana","text":"deploy began","happened_at":"2026-03-02T11:50:00Z"}
{"type":"RootCauseStated","at":"2026-03-02T12:00:00Z","by":"ana","text":"disk full","known":true}
{"type":"GateTicked","at":"2026-03-02T12:00:00Z","by":"ana","gate":"g2"}
{"type":"GateOverridden","at":"2026-03-02T12:00:00Z","by":"ana","gate":"g1","reason":"exporter broken"}
{"type":"WatchPassed","at":"2026-03-02T12:00:00Z","by":"fireline","minutes":30.0,"since":"2026-03-02T11:30:00Z"}
{"type":"ApprovalAsked","at":"2026-03-02T12:00:00Z","by":"ana","ask":1,"step":"s1","title":"Restart Redis","command":"supervisorctl restart redis","effect":"write","rule":"supervisorctl","reason":"it is down","yes_needed":1,"purpose":"mitigation","why":"it restarts"}
{"type":"ApprovalGiven","at":"2026-03-02T12:00:00Z","by":"ben","ask":1,"digest":"cd"}
{"type":"ApprovalDenied","at":"2026-03-02T12:00:00Z","by":"ben","ask":1,"reason":"wrong host"}
{"type":"GlassBroken","at":"2026-03-02T12:00:00Z","by":"ana","ask":1,"digest":"cd","reason":"nobody else answers"}
{"type":"CommandStarted","at":"2026-03-02T12:00:00Z","by":"fireline","run":"1.ask1","step":"s1","title":"Restart Redis","command":"supervisorctl restart redis","digest":"cd","effect":"write","rule":"supervisorctl","lane":"write","purpose":"mitigation","ask":1,"asked_as":null}
{"type":"CommandFinished","at":"2026-03-02T12:00:00Z","by":"fireline","run":"1.ask1","ending":"ok","exit_code":0,"seconds":1.25,"evidence":"ef","size":3,"cut":0,"masked":0,"summary":"started"}
{"type":"StepSkipped","at":"2026-03-02T12:00:00Z","by":"fireline","step":"s2","title":"Look","command":"","reason":"no pod given","purpose":"diagnosis"}
{"type":"DeliveryMade","at":"2026-03-02T12:00:00Z","by":"fireline","delivery":"pagerduty/1/trigger","vendor":"pagerduty","what":"Page the on-call","attempt":1}
{"type":"DeliveryDelayed","at":"2026-03-02T12:00:00Z","by":"fireline","delivery":"pagerduty/1/trigger","vendor":"pagerduty","what":"Page the on-call","reason":"503","attempt":1,"again_at":"2026-03-02T12:00:02Z"}
{"type":"DeliveryGivenUp","at":"2026-03-02T12:00:00Z","by":"fireline","delivery":"pagerduty/1/trigger","vendor":"pagerduty","what":"Page the on-call","reason":"bad key","needed":true}
{"type":"WalkEnded","at":"2026-03-02T12:00:00Z","by":"fireline","why":"people go on"}
{"type":"ReviewDrafted","at":"2026-03-02T12:00:00Z","by":"fireline","evidence":"ef","due_at":"2026-03-04T12:00:00Z"}
"""  # noqa: E501


def test_what_was_written_once_is_read_always_and_written_the_same() -> None:
    for line in GOLDEN.splitlines():
        assert to_json(from_json(line)).decode() == line


def test_no_kind_of_event_is_missing_above() -> None:
    kinds = {kind.__name__ for kind in get_args(AnyEvent)}
    assert {type(from_json(line)).__name__ for line in GOLDEN.splitlines()} == kinds


def test_an_event_without_its_newer_fields_is_read_with_their_defaults() -> None:
    old = '{"type":"StatusChanged","at":"2026-03-02T12:00:00Z","by":"ana","status":"Identified"}'
    assert to_json(from_json(old)).decode().endswith('"why":""}')


def test_fields_of_a_newer_release_are_left_aside() -> None:
    newer = '{"type":"IncidentAcknowledged","at":"2026-03-02T12:00:00Z","by":"ana","from_phone":true}'
    assert from_json(newer).by == "ana"


def test_an_event_nobody_knows_is_said_not_guessed() -> None:
    with pytest.raises(msgspec.ValidationError, match="Invalid value 'Teleported'"):
        from_json('{"type":"Teleported","at":"2026-03-02T12:00:00Z","by":"ana"}')


DECLARED = from_json(GOLDEN.splitlines()[0])
DOWN = Alert(source="alertmanager", labels={"alertname": "RedisDown"}, starts_at=NOON)
OTHER = Alert(source="probe", labels={"alertname": "ShopDown"}, starts_at=NOON)
PAGE: dict[str, Any] = {"key": "pagerduty/1/trigger", "vendor": "pagerduty", "what": "Page the on-call"}
ASK: dict[str, Any] = {"step": "s", "title": "t", "effect": "write", "rule": "r", "reason": "down"}
READ: dict[str, Any] = {"title": "t", "command": "ls", "effect": "read", "rule": "r", "unattended": True}
END: dict[str, Any] = {"exit_code": 0, "seconds": 0.1, "evidence": "e", "size": 0}
LEVEL: dict[str, Any] = {"severity_name": "n", "reason": "r"}

Deed = Callable[..., AnyEvent]
DEEDS: tuple[Deed, ...] = (
    incident.acknowledge,
    incident.miss_acknowledgement,
    partial(incident.change_severity, severity="P0", response_minutes=5, **LEVEL),
    partial(incident.change_severity, severity="P3", response_minutes=240, **LEVEL),
    partial(incident.change_status, status="Investigating"),
    partial(incident.change_status, status="Monitoring"),
    partial(incident.note, text="hm"),
    partial(incident.note, text="earlier", happened_at=NOON - timedelta(hours=1)),
    partial(incident.state_root_cause, text="disk"),
    partial(incident.end_walk, why="done"),
    partial(alerts.join, alert=DOWN, why="w"),
    partial(alerts.join, alert=OTHER, why="w"),
    partial(alerts.clear, alert=DOWN),
    partial(alerts.clear, alert=OTHER),
    partial(approval.ask, command="reboot", yes_needed=1, **ASK),
    partial(approval.ask, command="halt", yes_needed=2, **ASK),
    *(partial(approval.give, number=n, shown=approval.digest(c)) for n in (1, 2) for c in ("reboot", "halt")),
    partial(approval.deny, number=1, reason="no"),
    partial(approval.break_glass, number=2, shown=approval.digest("halt"), reason="nobody else is awake"),
    *(partial(command.start_approved, run=f"a{n}", number=n) for n in (1, 2)),
    *(partial(command.start_read, run=f"v{n}", step="v", purpose="verification", **READ) for n in (1, 2)),
    *(partial(command.finish, run=run, ending="ok", **END) for run in ("a1", "a2", "v1")),
    partial(command.finish, run="v2", ending="failed", **END),
    partial(command.skip, step="s", title="t", command="", reason="r"),
    partial(delivery.made, attempt=2, **PAGE),
    partial(delivery.delayed, attempt=1, reason="503", **PAGE),
    partial(delivery.give_up, reason="410", **PAGE),
    partial(gate.tick, gate="g1"),
    partial(gate.override, gate="g1", reason="broken exporter"),
    partial(gate.pass_watch),
    partial(gate.resolve),
    partial(review.drafted, evidence="e", due_at=NOON),
)
STEPS = st.lists(
    st.tuples(st.sampled_from(DEEDS), st.sampled_from(["ana", "ben", HOUSE]), st.integers(0, 2400)), max_size=40
)


@given(STEPS)
def test_any_log_that_deeds_made_in_any_order_can_be_read_told_and_followed(
    steps: list[tuple[Deed, str, int]],
) -> None:
    log: Log = (DECLARED,)
    at, sentences = NOON, set[str]()
    for deed, by, later in steps:
        at += timedelta(seconds=later)
        try:
            event = deed(log, at, by=by)
        except Refused as no:
            sentences.add(no.sentence)
            continue
        log = (*log, event)
        follow(1, log, vendors=frozenset({"pagerduty"}))  # never raises: it would undo the deed
    assert all(sentence.endswith(".") for sentence in sentences)  # a refusal is a sentence
    now = fold(1, log)
    assert now.seq == len(log) == len(timeline.entries(log))
    assert tuple(from_json(to_json(event)) for event in log) == log
    gate.standings(log, at)
    assert review.draft(review.TEMPLATE, 1, log).startswith("# Post-Mortem: INC-1")
    for ask in approval.asks(log):  # what never may be, whatever people do
        assert ask.asked.by not in ask.yes
        assert len(set(ask.yes)) == len(ask.yes)
        assert not ask.started or ask.granted


def test_a_declaration_reads_as_one() -> None:
    assert isinstance(DECLARED, IncidentDeclared)
    assert DECLARED.gates[0].kind == "alerts"
