"""Whatever a vendor, or somebody in its name, sends: it is read, or refused naming what is wrong. Nothing crashes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireline.connectors import grafana, opsgenie, pagerduty, sentry
from fireline.core.refusal import Refused

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
Read = Callable[[bytes], object]
PERSON = {"type": "user_reference", "summary": "Ana"}


def told(body: bytes) -> object:
    """What the door does with an event, as far as no store is asked."""
    found = pagerduty.from_webhook(body)
    return found.incident and (found.note, pagerduty.alert(found.incident, found.at).fingerprint)


def from_sentry(resource: str) -> Read:
    return partial(sentry.from_webhook, resource=resource, services={"web": "shop"}, at=NOON)


READERS: dict[str, tuple[Read, dict[str, Any]]] = {
    "grafana": (
        grafana.from_webhook,
        {
            "version": "1",
            "truncatedAlerts": 0,
            "alerts": [
                {"status": "firing", "labels": {"alertname": "A", "rulename": "B"}, "annotations": {"summary": "s"},
                 "startsAt": "2026-03-02T12:00:00Z", "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "g",
                 "silenceURL": "s", "dashboardURL": "d", "panelURL": "p", "values": {"A": 1.5}, "valueString": "v"},
            ],
        },
    ),
    "pagerduty": (
        told,
        {
            "event": {
                "id": "E1", "event_type": "incident.escalated", "occurred_at": "2026-03-02T12:00:00Z", "agent": PERSON,
                "data": {
                    "type": "incident", "id": "P1", "title": "Shut", "status": "resolved", "incident_key": "k",
                    "created_at": "2026-03-02T12:00:00Z", "reopened_at": "2026-03-02T12:01:00Z", "html_url": "h",
                    "service": PERSON, "priority": PERSON, "urgency": "high", "assignees": [PERSON],
                },
            }
        },
    ),
    "sentry issue": (
        from_sentry("issue"),
        {
            "action": "created", "actor": {"name": "Ana"},
            "data": {
                "issue": {"id": "1", "title": "t", "status": "resolved", "project": {"slug": "web"}, "level": "error",
                          "culprit": "c", "count": "1", "userCount": 1, "firstSeen": "2026-03-02T12:00:00Z",
                          "shortId": "S", "permalink": "p", "web_url": "w"},
            },
        },
    ),
    "sentry event": (
        from_sentry("event_alert"),
        {
            "data": {
                "triggered_rule": "r",
                "event": {"issue_id": "1", "title": "t", "level": "error", "culprit": "c", "url": "/projects/a/web/e",
                          "web_url": "w", "environment": "e", "release": "1", "received": 1772452770.6},
            },
        },
    ),
    "sentry metric": (
        from_sentry("metric_alert"),
        {
            "action": "resolved",
            "data": {
                "description_title": "t", "description_text": "d", "web_url": "w",
                "metric_alert": {
                    "alert_rule": {"id": 7, "name": "n", "aggregate": "a", "query": "q", "environment": "e"},
                    "projects": ["web"], "date_started": "2026-03-02T12:00:00Z", "date_closed": "2026-03-02T12:00:00Z",
                },
            },
        },
    ),
    "opsgenie": (
        partial(opsgenie.created, at=NOON, alias="x"),
        {"message": "m", "alias": "a", "description": "d", "responders": [{"type": "team", "id": "i", "name": "n"}],
         "tags": ["a:b", "c"], "details": {"a": "b"}, "entity": "e", "priority": "P1", "user": "u", "note": "n",
         "source": "http://s"},
    ),
}  # fmt: skip

odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
    | st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "", "\x00", "P0", 10**400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def refusal(read: Read, body: bytes) -> Refused | None:
    try:
        read(body)
    except Refused as no:
        return no
    return None


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a body."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*way, key)
        yield from places(one, (*way, key))


@pytest.mark.parametrize("vendor", READERS)
def test_a_good_body_is_read(vendor: str) -> None:
    read, body = READERS[vendor]
    assert read(json.dumps(body).encode())


@pytest.mark.parametrize("vendor", READERS)
@given(data=st.data())
def test_one_odd_value_anywhere_is_read_or_refused(vendor: str, data: st.DataObject) -> None:
    read, body = READERS[vendor]
    *way, last = data.draw(st.sampled_from(list(places(body))))
    body = copy.deepcopy(body)
    place: Any = body
    for key in way:
        place = place[key]
    place[last] = data.draw(odd)
    no = refusal(read, json.dumps(body).encode())
    assert no is None or (no.status == 400 and len(no.sentence) > 10)


@pytest.mark.parametrize("vendor", READERS)
@given(body=st.binary(max_size=200))
def test_bytes_that_are_no_body_at_all_are_refused(vendor: str, body: bytes) -> None:
    with pytest.raises(Refused) as no:
        READERS[vendor][0](body)
    assert no.value.status == 400
