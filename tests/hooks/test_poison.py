"""A title with control characters, markup and all is kept on PostgreSQL too, which stores no NUL; nothing crashes."""

from __future__ import annotations

import json
from pathlib import Path

from fireline.settings import PagerDutySettings, SentrySettings
from hooks.vendors import ROTTEN, SECRET, hex_of, open_door

KEPT = ROTTEN.replace("\x00", "\ufffd").replace("\x1b", "\ufffd")
WHEN = "2026-03-02T12:00:00Z"


def test_poison_from_every_vendor_is_kept_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    settings = {
        "pagerduty": PagerDutySettings(webhook_secrets=(SECRET,)),
        "sentry": SentrySettings(client_secrets=(SECRET,)),
    }
    incident = {"type": "incident", "id": ROTTEN, "title": ROTTEN, "status": "triggered", "created_at": WHEN}
    event = {"id": ROTTEN, "event_type": "incident.triggered", "occurred_at": WHEN, "data": incident}
    issue = {"id": ROTTEN, "title": ROTTEN, "status": "unresolved", "project": {"slug": ROTTEN}}
    alert = {"status": "firing", "labels": {"alertname": ROTTEN, ROTTEN: ROTTEN}, "startsAt": WHEN, "endsAt": WHEN}
    with open_door(tmp_path, url=postgres_url, **settings) as door:  # type: ignore[arg-type]
        bearer, genie = ({"Authorization": f"{kind} {door.token}"} for kind in ("Bearer", "GenieKey"))
        told = json.dumps({"event": event}).encode()
        agent = {"type": "user_reference", "summary": ROTTEN}
        page = incident | {"incident_key": "127.0.0.1:8000/INC-1"}
        taken = event | {"event_type": "incident.acknowledged", "agent": agent, "data": page}
        ours = json.dumps({"event": taken}).encode()
        door.house.declare.by_person("Long queue", by="ben", severity="P1")
        heard = json.dumps({"action": "created", "data": {"issue": issue}}).encode()
        resource = {"Sentry-Hook-Resource": "issue", "Sentry-Hook-Signature": hex_of(SECRET, heard)}
        answers = [
            door.post("/hooks/grafana", {"version": "1", "alerts": [alert]}, bearer),
            door.post("/hooks/pagerduty", told, {"X-PagerDuty-Signature": f"v1={hex_of(SECRET, told)}"}),
            door.post("/hooks/pagerduty", ours, {"X-PagerDuty-Signature": f"v1={hex_of(SECRET, ours)}"}),
            door.post("/hooks/sentry", heard, resource),
            door.post("/v2/alerts", {"message": ROTTEN, "alias": ROTTEN, "details": {ROTTEN: ROTTEN}}, genie),
            door.post("/v2/alerts/%00/close", b"", genie),
            door.client.get("/v2/alerts/requests/create-1-%00", headers=genie),
        ]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 202, 202, 200]
        assert [(one.source, one.name) for one in door.house.alerts.firing()] == [
            (source, KEPT) for source in ("grafana", "pagerduty", "sentry", "opsgenie")
        ]
        first = door.house.ledger.read(1).acknowledged
        assert first is not None
        assert first.by == f"{KEPT} in PagerDuty"
