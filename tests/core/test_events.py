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
from fireline.core import approval, command, delivery, gate, incident, merge, pulse, review, storm, timeline
from fireline.core import hypothesis as thoughts
from fireline.core.alert import Alert
from fireline.core.events import HOUSE, AnyEvent, IncidentDeclared, IncidentMerged, Log, from_json, to_json
from fireline.core.follow import follow
from fireline.core.incident import fold
from fireline.core.pulse import Look
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
{"type":"CommandFinished","at":"2026-03-02T12:00:00Z","by":"fireline","run":"1.ask1","ending":"ok","exit_code":0,"seconds":1.25,"evidence":"ef","size":3,"cut":0,"masked":0,"summary":"started","ran":"","findings":[]}
{"type":"StepSkipped","at":"2026-03-02T12:00:00Z","by":"fireline","step":"s2","title":"Look","command":"","reason":"no pod given","purpose":"diagnosis"}
{"type":"DeliveryMade","at":"2026-03-02T12:00:00Z","by":"fireline","delivery":"pagerduty/1/trigger","vendor":"pagerduty","what":"Page the on-call","attempt":1}
{"type":"DeliveryDelayed","at":"2026-03-02T12:00:00Z","by":"fireline","delivery":"pagerduty/1/trigger","vendor":"pagerduty","what":"Page the on-call","reason":"503","attempt":1,"again_at":"2026-03-02T12:00:02Z"}
{"type":"DeliveryGivenUp","at":"2026-03-02T12:00:00Z","by":"fireline","delivery":"pagerduty/1/trigger","vendor":"pagerduty","what":"Page the on-call","reason":"bad key","needed":true}
{"type":"WalkEnded","at":"2026-03-02T12:00:00Z","by":"fireline","why":"people go on"}
{"type":"ReviewDrafted","at":"2026-03-02T12:00:00Z","by":"fireline","evidence":"ef","due_at":"2026-03-04T12:00:00Z"}
{"type":"IncidentDeclared","at":"2026-03-02T12:00:00Z","by":"fireline","title":"Till","severity":"P1","severity_name":"High","severity_why":"w","response_minutes":15,"detected_at":"2026-03-02T11:58:00Z","service":null,"runbook":null,"scenario":null,"match_why":null,"gates":[],"watch_minutes":30.0,"watch_speed":1.0,"values":{},"source":"probe","drill":false,"private":false,"hold":{"until":"2026-03-02T12:01:00Z","other":1,"why":"w"},"split_from":{"number":1,"fingerprints":["f1"],"why":"w"},"earlier":1}
{"type":"AlertsJoined","at":"2026-03-02T12:00:00Z","by":"fireline","alerts":[{"fingerprint":"f1","name":"RedisDown","source":"probe","starts_at":"2026-03-02T11:58:00Z","why":"w","labels":{"a":"b"},"summary":"s"}]}
{"type":"AlertsCleared","at":"2026-03-02T12:00:00Z","by":"fireline","alerts":[{"fingerprint":"f1","name":"RedisDown","at":"2026-03-02T12:00:00Z"}]}
{"type":"AlertSilent","at":"2026-03-02T12:00:00Z","by":"fireline","alerts":[{"fingerprint":"f1","name":"RedisDown","at":"2026-03-02T12:00:00Z"}]}
{"type":"AlertFlaps","at":"2026-03-02T12:00:00Z","by":"fireline","fingerprint":"f1","name":"RedisDown","turns":5,"minutes":4.0}
{"type":"StormBegan","at":"2026-03-02T12:00:00Z","by":"fireline","count":11,"seconds":60.0,"names":["RedisDown"],"incidents":[2,3]}
{"type":"PageReleased","at":"2026-03-02T12:00:00Z","by":"fireline","why":"w"}
{"type":"IncidentMerged","at":"2026-03-02T12:00:00Z","by":"ana","into":1,"why":"w"}
{"type":"IncidentTakenIn","at":"2026-03-02T12:00:00Z","by":"ana","number":2,"title":"t","why":"w","alerts":[{"fingerprint":"f1","name":"RedisDown","source":"probe","starts_at":"2026-03-02T11:58:00Z","why":"w","labels":{},"summary":""}],"over":[{"fingerprint":"f1","name":"RedisDown","at":"2026-03-02T12:00:00Z"}]}
{"type":"AlertsMoved","at":"2026-03-02T12:00:00Z","by":"ana","to":2,"fingerprints":["f1"],"why":"w"}
{"type":"DeliveryMade","at":"2026-03-02T12:00:00Z","by":"fireline","delivery":"slack/1/open","vendor":"slack","what":"w","attempt":1,"ref":"C01","link":"https://x","note":"n"}
{"type":"DeliveryDelayed","at":"2026-03-02T12:00:00Z","by":"fireline","delivery":"slack/1/invite/ana","vendor":"slack","what":"w","reason":"503","attempt":1,"again_at":"2026-03-02T12:00:02Z","data":{"person":"ana"}}
{"type":"DeliveryBegun","at":"2026-03-02T12:00:00Z","by":"fireline","delivery":"chat_webhook/1/open","vendor":"chat_webhook","what":"w","attempt":1}
{"type":"DeliveryGivenUp","at":"2026-03-02T12:00:00Z","by":"fireline","delivery":"slack/1/open","vendor":"slack","what":"w","reason":"no","needed":true,"attempt":3,"data":{"n":1}}
{"type":"DeliveryAskedAgain","at":"2026-03-02T12:00:00Z","by":"ana","delivery":"slack/1/open","vendor":"slack","what":"w","attempt":4}
{"type":"DeliveredByHand","at":"2026-03-02T12:00:00Z","by":"ana","delivery":"slack/1/open","vendor":"slack","what":"w"}
{"type":"PublicUpdateDrafted","at":"2026-03-02T12:00:00Z","by":"ana","update":1,"status":"Investigating","title":"Slow checkout","text":"We are investigating.","impact":"major","components":{"Checkout":"partial_outage"}}
{"type":"PublicUpdateApproved","at":"2026-03-02T12:00:00Z","by":"ben","update":1,"digest":"ab","places":["own_page"],"despite":[]}
{"type":"PublicUpdateWithdrawn","at":"2026-03-02T12:00:00Z","by":"ben","update":1,"reason":"too early"}
{"type":"UpdateSent","at":"2026-03-02T12:00:00Z","by":"ana","number":1,"status":"Investigating","actions":"a","text":"t","users":7,"services":["till"],"next_update_at":"2026-03-02T12:15:00Z"}
{"type":"UpdateNudged","at":"2026-03-02T12:00:00Z","by":"fireline","audience":"internal","who":"ana","due_at":"2026-03-02T12:03:00Z"}
{"type":"UpdateOverdue","at":"2026-03-02T12:00:00Z","by":"fireline","audience":"public","who":"ana","due_at":"2026-03-02T12:00:00Z","since":"2026-03-02T11:45:00Z"}
{"type":"UpdateEscalated","at":"2026-03-02T12:00:00Z","by":"fireline","audience":"internal","who":"ben","due_at":"2026-03-02T11:55:00Z"}
{"type":"UpdateSnoozed","at":"2026-03-02T12:00:00Z","by":"ana","audience":"internal","until":"2026-03-02T12:30:00Z","reason":"w"}
{"type":"RoleOffered","at":"2026-03-02T12:00:00Z","by":"ana","role":"commander","to":"ben","subject":""}
{"type":"RoleTaken","at":"2026-03-02T12:00:00Z","by":"ben","role":"commander","before":"ana","subject":"","why":""}
{"type":"RoleDeclined","at":"2026-03-02T12:00:00Z","by":"ben","role":"sme","to":"ben","why":"w"}
{"type":"RoleReleased","at":"2026-03-02T12:00:00Z","by":"ana","role":"scribe","who":"ben","why":"w"}
{"type":"CommanderMissing","at":"2026-03-02T12:00:00Z","by":"fireline","minutes":5.0}
{"type":"TaskGiven","at":"2026-03-02T12:00:00Z","by":"ana","task":1,"to":"ben","text":"t","minutes":10,"due_at":"2026-03-02T12:10:00Z"}
{"type":"TaskTaken","at":"2026-03-02T12:00:00Z","by":"ben","task":1}
{"type":"TaskDone","at":"2026-03-02T12:00:00Z","by":"ben","task":1,"said":"s","dropped":false}
{"type":"TaskOverdue","at":"2026-03-02T12:00:00Z","by":"fireline","task":1,"to":"ben"}
{"type":"IncidentDeclared","at":"2026-03-02T12:00:00Z","by":"ana","title":"Till","severity":"P1","severity_name":"High","severity_why":"w","response_minutes":15,"detected_at":"2026-03-02T11:58:00Z","service":null,"runbook":null,"scenario":null,"match_why":null,"gates":[],"watch_minutes":30.0,"watch_speed":1.0,"values":{},"source":"person","drill":false,"private":false,"cadence":{"internal":{"P1":15.0},"public":{"P1":15.0},"commander":5.0}}
{"type":"PeopleAsked","at":"2026-03-02T12:00:00Z","by":"fireline","chain":"night","round":1,"step":2,"people":[{"who":"ana","why":"on call in primary","reaches":[{"channel":"mail","at":"2026-03-02T12:00:00Z"}]}],"next_at":"2026-03-02T12:05:00Z","passed_over":["backup: nobody has the turn"]}
{"type":"EscalationEnded","at":"2026-03-02T12:00:00Z","by":"fireline","chain":"night","why":"w"}
{"type":"HypothesisProposed","at":"2026-03-02T12:00:00Z","by":"ana","hypothesis":1,"text":"t","reason":"w","evidence":["1.s1"]}
{"type":"HypothesisSupported","at":"2026-03-02T12:00:00Z","by":"ben","hypothesis":1,"reason":"w","evidence":["1.s1"]}
{"type":"HypothesisRuledOut","at":"2026-03-02T12:00:00Z","by":"ben","hypothesis":1,"reason":"w","evidence":[]}
{"type":"GraphsKept","at":"2026-03-02T12:00:00Z","by":"fireline","evidence":"ef","since":"2026-03-02T11:00:00Z","until":"2026-03-02T12:00:00Z","says":["s"]}
{"type":"PulseChanged","at":"2026-03-02T12:00:00Z","by":"fireline","state":"happening","was":null,"says":["s"]}
{"type":"ApprovalAsked","at":"2026-03-02T12:00:00Z","by":"ana","ask":1,"step":"s1","title":"Scale","command":"kubectl scale","effect":"write","rule":"kubectl.scale","reason":"r","yes_needed":2,"purpose":"mitigation","why":"w","target":"cluster prod · deployment/api","runbook":"ab","name":"api","last_resort":true,"does":"d","preview":"p","no_preview":"n","blast":"b","undo":"u","undone":"w","gentler":"g","asked_as":"a"}
{"type":"ApprovalVoided","at":"2026-03-02T12:00:00Z","by":"fireline","ask":1,"why":"w"}
{"type":"UndoKept","at":"2026-03-02T12:00:00Z","by":"fireline","run":"1.ask1","command":"kubectl scale","what":"Scale deployment/api back to 3"}
{"type":"CancellationAsked","at":"2026-03-02T12:00:00Z","by":"ana","run":"1.ask1","reason":"wrong node"}
{"type":"FileAttached","at":"2026-03-02T12:00:00Z","by":"ana","name":"heap.heapsnapshot","size":7,"evidence":"ab","note":"n"}
{"type":"CallLinked","at":"2026-03-02T12:00:00Z","by":"ana","url":"https://meet.example.com/7"}
{"type":"ChecksRead","at":"2026-03-02T12:00:00Z","by":"fireline","run":"1.ask1","attempt":0,"readings":[{"check":"c","title":"t","source":"number","good":null,"value":4.2,"unit":"%","wanted":"low","said":"s"}],"settle_seconds":10.0}
{"type":"MitigationMeasured","at":"2026-03-02T12:00:00Z","by":"fireline","run":"1.ask1","verdict":"better","before":[],"after":[],"attempts":1,"steady":true}
{"type":"BranchProposed","at":"2026-03-02T12:00:00Z","by":"fireline","conditions":["If Memory Leak"],"why":"w"}
{"type":"DebtTaken","at":"2026-03-02T12:00:00Z","by":"fireline","debt":1,"what":"w","kind":"scale","owner":"ana","undo":"u","until":"2026-03-02T13:00:00Z","revert":false,"ask":1,"run":"1.ask1"}
{"type":"DebtDue","at":"2026-03-02T12:00:00Z","by":"fireline","debt":1,"due_at":"2026-03-02T13:00:00Z","revert":false}
{"type":"DebtOwned","at":"2026-03-02T12:00:00Z","by":"ana","debt":1,"owner":"ben","due_at":"2026-03-09T12:00:00Z","plan":"p"}
{"type":"DebtSettled","at":"2026-03-02T12:00:00Z","by":"ana","debt":1,"how":"undone","said":"s","run":""}
{"type":"LeaseBegan","at":"2026-03-02T12:00:00Z","by":"fireline","lease":1,"run":"1.ask1","command":"c","until":"2026-03-02T12:30:00Z"}
{"type":"TerminalHandedOut","at":"2026-03-02T12:00:00Z","by":"ana","terminal":1,"step":"c500","title":"Exec into pod","command":"kubectl exec -it web-1 -n prod -- sh"}
{"type":"LeaseEnded","at":"2026-03-02T12:00:00Z","by":"fireline","lease":1,"why":"w"}
{"type":"RoomKept","at":"2026-03-02T12:00:00Z","by":"ana","why":"w"}
{"type":"LetterDrafted","at":"2026-03-02T12:00:00Z","by":"ana","letter":1,"subject":"FYI: slow shop","text":"It is over.","services":["shop"]}
{"type":"LetterTested","at":"2026-03-02T12:00:00Z","by":"ana","letter":1}
{"type":"LetterApproved","at":"2026-03-02T12:00:00Z","by":"ben","letter":1,"digest":"ab","recipients":1000,"listed":"cd","despite":["w"]}
{"type":"LetterWithdrawn","at":"2026-03-02T12:00:00Z","by":"ben","letter":1,"reason":"w"}
{"type":"LetterSentAgain","at":"2026-03-02T12:00:00Z","by":"ana","letter":1,"copy_number":7}
{"type":"LetterSent","at":"2026-03-02T12:00:00Z","by":"fireline","letter":1,"counts":{"sent":999,"unknown":1}}
{"type":"IncidentDeclared","at":"2026-03-02T12:00:00Z","by":"ana","title":"Till","severity":"P1","severity_name":"High","severity_why":"w","response_minutes":15,"detected_at":"2026-03-02T11:58:00Z","service":null,"runbook":null,"scenario":null,"match_why":null,"gates":[],"watch_minutes":30.0,"watch_speed":1.0,"values":{},"source":"person","drill":false,"private":true,"people":["sec"]}
{"type":"MadePrivate","at":"2026-03-02T12:00:00Z","by":"ana","why":"w"}
{"type":"MadeOpen","at":"2026-03-02T12:00:00Z","by":"ana","why":"w"}
{"type":"AccessGiven","at":"2026-03-02T12:00:00Z","by":"ana","who":"ben","why":"w","uninvited":false}
{"type":"AccessTaken","at":"2026-03-02T12:00:00Z","by":"ana","who":"ben","why":"w"}
{"type":"OutcomeHeard","at":"2026-03-02T12:00:00Z","by":"fireline","run":"1.ask1","runner":"eu","ending":"ok","exit_code":0,"seconds":1.5,"evidence":"ef","size":3,"cut":0,"masked":0,"summary":"done"}
{"type":"DecisionMade","at":"2026-03-02T12:00:00Z","by":"ana","decision":1,"text":"t","objections_asked":true,"dissent":[{"who":"ben","what":"w"}]}
{"type":"SummarySent","at":"2026-03-02T12:00:00Z","by":"ana","number":1,"severity":"P1","status":"Investigating","text":"t","to":["boss@example.com"],"chat":true,"next_at":"2026-03-02T12:30:00Z"}
{"type":"SummaryNudged","at":"2026-03-02T12:00:00Z","by":"fireline","who":"ana","due_at":"2026-03-02T12:30:00Z"}
{"type":"ChecklistTicked","at":"2026-03-02T12:00:00Z","by":"ana","checklist":"Commander Checklist","item":"Call opened"}
{"type":"ChecklistUnticked","at":"2026-03-02T12:00:00Z","by":"ben","checklist":"Commander Checklist","item":"Call opened","ticked_by":"ana"}
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
OTHER_ONE = fold(2, (DECLARED,))
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
    partial(incident.change_status, status="Monitoring", why="seen by hand"),
    partial(incident.note, text="hm"),
    partial(incident.note, text="earlier", happened_at=NOON - timedelta(hours=1)),
    partial(incident.state_root_cause, text="disk"),
    partial(incident.end_walk, why="done"),
    partial(alerts.join, alert=DOWN, why="w"),
    partial(alerts.join, alert=OTHER, why="w"),
    partial(alerts.clear, alert=DOWN),
    partial(alerts.clear, alert=OTHER),
    partial(alerts.join_all, alerts=((DOWN, "w"), (OTHER, "w"))),
    partial(alerts.clear_all, alerts=(DOWN, OTHER)),
    partial(alerts.fall_silent, alerts=(DOWN, OTHER)),
    partial(alerts.flap, alert=DOWN, turns=(NOON, NOON + timedelta(minutes=2))),
    partial(storm.begin, count=11, seconds=60.0, names=("a",), incidents=(2,)),
    partial(storm.release),
    partial(merge.merge, number=1, into=OTHER_ONE, why="one fault"),
    partial(merge.take_in, part=fold(3, (DECLARED, IncidentMerged(at=NOON, by="ana", into=1, why="w")))),
    partial(merge.move, to=4, fingerprints=(DOWN.fingerprint,), why="another fault"),
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
    partial(delivery.made, attempt=3, ref="PT4KHLK", link="l", note="n", **PAGE),
    partial(delivery.delayed, attempt=1, reason="503", data={"a": 1}, **PAGE),
    partial(delivery.give_up, reason="410", **PAGE),
    partial(delivery.ask_again, key=PAGE["key"]),
    partial(delivery.by_hand, key=PAGE["key"]),
    partial(gate.tick, gate="g1"),
    partial(gate.override, gate="g1", reason="broken exporter"),
    partial(gate.pass_watch),
    partial(gate.resolve),
    partial(review.drafted, evidence="e", due_at=NOON),
    partial(thoughts.propose, text="the disk", reason="it is full"),
    partial(thoughts.support, hypothesis=1, reason="df says so"),
    partial(thoughts.rule_out, hypothesis=1, reason="df says otherwise"),
    partial(pulse.change, looks=[Look(NOON, well=False)] * 2),
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
