"""What Alertmanager and Prometheus send becomes alerts; what nobody can read is refused naming the field."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireline import clock
from fireline.connectors.alertmanager import Read, from_api, from_webhook, glance_at_api, glance_at_webhook, read
from fireline.core.alert import Alert
from fireline.core.refusal import Refused

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
YEAR_ONE = "0001-01-01T00:00:00Z"  # how Go writes no time at all


def one(**changes: Any) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": "RedisDown", "service": "cache", "empty": ""},
        "annotations": {"summary": "Redis does not answer"},
        "startsAt": "2026-03-02T13:58:00.123456789+02:00",
        "endsAt": YEAR_ONE,
        "generatorURL": "http://127.0.0.1:9090/graph",
        "fingerprint": "5308e11450d376b3",
        **changes,
    }


def webhook(*alerts: dict[str, Any], **more: Any) -> tuple[Alert, ...]:
    return from_webhook(json.dumps({"version": "4", "receiver": "fireline", "alerts": alerts, **more}).encode())


def api(*alerts: dict[str, Any]) -> tuple[Alert, ...]:
    return from_api(json.dumps(alerts).encode(), NOON)


def test_a_firing_alert_comes_in_utc_without_its_empty_labels_and_without_an_end() -> None:
    (alert,) = webhook(one())
    assert alert == Alert(
        source="alertmanager",
        labels={"alertname": "RedisDown", "service": "cache"},
        annotations={"summary": "Redis does not answer"},
        starts_at=datetime(2026, 3, 2, 11, 58, 0, 123457, tzinfo=UTC),
        generator_url="http://127.0.0.1:9090/graph",
    )


def test_a_resolved_alert_is_over_and_the_same_alert() -> None:
    fires, over = webhook(one(), one(status="resolved", endsAt="2026-03-02T12:00:00Z"))
    assert (fires.firing, over.ends_at) == (True, NOON)
    assert fires.fingerprint == over.fingerprint


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"[]", "Expected `object`"),
        (b'{"version":"3","alerts":[]}', r"\$\.version"),
        (b'{"version":"4"}', "`alerts`"),
        (b'{"version":"4","alerts":[{}]}', r"`status` - at `\$\.alerts\[0\]`"),
        (b'{"version":"4","alerts":[{"status":"firing","labels":{"a":1}}]}', r"\$\.alerts\[0\]\.labels"),
        (b'{"version":"4","alerts":[{"status":"firing","labels":{"a":"\xff"}}]}', "utf-8"),
    ],
)
def test_a_broken_webhook_is_refused_naming_the_field(body: bytes, field: str) -> None:
    with pytest.raises(Refused, match=field) as no:
        from_webhook(body)
    assert no.value.status == 400
    assert no.value.sentence.startswith("This is no Alertmanager webhook of version 4: ")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{}", "Expected `array`"),
        (b'[{"startsAt":"noon","labels":{}}]', r"\$\[0\]\.startsAt"),
        (b'[{"labels":{"a":"\xff"}}]', "utf-8"),
    ],
)
def test_a_broken_list_is_refused_naming_the_field(body: bytes, field: str) -> None:
    with pytest.raises(Refused, match=field) as no:
        from_api(body, NOON)
    assert no.value.status == 400
    assert no.value.sentence.startswith("This is no list of alerts as Alertmanager's API v2 takes it: ")


@pytest.mark.parametrize("labels", [{}, {"alertname": ""}])
def test_an_alert_without_labels_names_nothing(labels: dict[str, str]) -> None:
    for take in (webhook, api):
        with pytest.raises(Refused, match="without labels names nothing") as no:
            take(one(labels=labels))
        assert no.value.field == "labels"


def test_prometheus_gives_an_end_for_later_and_that_is_no_end() -> None:
    (alert,) = api(one(endsAt="2026-03-02T12:04:00Z"))
    assert (alert.source, alert.firing, alert.starts_guessed) == ("prometheus", True, False)


@pytest.mark.parametrize(("ends_at", "firing"), [("2026-03-02T12:00:00Z", False), (YEAR_ONE, True), (None, True)])
def test_an_end_in_the_past_is_one_and_year_one_is_none(ends_at: str | None, firing: bool) -> None:  # noqa: FBT001
    (alert,) = api(one(endsAt=ends_at))
    assert alert.firing is firing


def test_without_a_start_it_began_when_it_was_heard() -> None:
    (alert,) = api({"labels": {"alertname": "A"}})
    assert (alert.starts_at, alert.starts_guessed) == (NOON, True)


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-02:00"])
def test_a_time_that_no_calendar_has_is_refused(when: str) -> None:
    for take in (webhook, api):
        with pytest.raises(Refused, match="no time an alert can have"):
            take(one(startsAt=when))


def test_characters_the_database_cannot_keep_are_lost_and_not_the_alert() -> None:
    (alert,) = webhook(one(labels={"alertname": "A\x00B", "x\x01y": "z"}, annotations={"summary": "n\x00l"}))
    assert alert.labels == {"alertname": "A\ufffdB", "x\ufffdy": "z"}
    assert alert.summary == "n\ufffdl"


@given(st.binary(max_size=200))
def test_no_bytes_whatever_are_more_than_refused(body: bytes) -> None:
    for take in (from_webhook, lambda raw: from_api(raw, NOON)):
        with pytest.raises(Refused):
            take(body if body.strip() != b"[]" else b"{")


def test_what_a_real_alertmanager_sent_is_read(shared: Path) -> None:
    samples = sorted((shared / "contracts/samples/alertmanager").glob("webhook_*.json"))
    assert samples
    for sample in samples:
        body = json.loads(sample.read_text())["body"]
        alerts = from_webhook(json.dumps(body).encode())
        assert [alert.firing for alert in alerts] == [one["status"] == "firing" for one in body["alerts"]]
        assert all(alert.name in {"HighErrorRate", "RedisDown"} for alert in alerts)
        assert all(
            abs(alert.starts_at - datetime(2026, 11, 23, 10, tzinfo=UTC)) < timedelta(days=1) for alert in alerts
        )


@pytest.mark.parametrize("deep", [b"[" * 200_000, b'{"a":' * 200_000])
def test_a_body_nested_without_end_is_wrong_and_no_mistake_of_ours(deep: bytes) -> None:
    with pytest.raises(Refused) as webhook:
        from_webhook(b'{"version":"4","x":' + deep)
    with pytest.raises(Refused) as api:
        from_api(b'[{"labels":{"a":"b"},"x":' + deep, clock.now())
    assert (webhook.value.status, api.value.status) == (400, 400)


def plainly(body: bytes, *, wire: str) -> Read | None:
    glance = glance_at_webhook(body) if wire == "webhook" else glance_at_api(body, NOON)
    assert glance
    return read(glance, range(len(glance.keys)))


texts = st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4)
starts = st.sampled_from(["2026-03-02T11:58:00Z", "2026-03-02T11:58:00.123456789Z", "2026-03-02T13:58:00+02:00"])


@given(
    labels=texts, annotations=texts, start=starts, url=st.text(max_size=20), wire=st.sampled_from(["webhook", "api"]),
    end=st.sampled_from([YEAR_ONE, "2026-03-02T12:05:00Z", "2026-03-02T11:00:00Z", "2026-03-02T14:05:00+02:00"]),
    status=st.sampled_from(["firing", "resolved"]),
)  # fmt: skip
def test_what_is_read_from_the_bytes_that_came_is_what_understanding_the_whole_body_gives(
    *, labels: dict[str, str], annotations: dict[str, str], start: str, url: str, wire: str, end: str, status: str
) -> None:
    said = one(
        labels={"alertname": "A", **labels}, annotations=annotations, startsAt=start, endsAt=end, generatorURL=url,
        status=status,
    )  # fmt: skip
    body = json.dumps({"version": "4", "alerts": [said]} if wire == "webhook" else [said], ensure_ascii=False)
    whole = from_webhook(body.encode()) if wire == "webhook" else from_api(body.encode(), NOON)
    if found := plainly(body.encode(), wire=wire):
        assert tuple(found.alerts) == whole
        assert msgspec.json.decode(found.rows[0], type=Alert) == whole[0]


def test_plain_alerts_are_read_from_their_bytes_and_odd_ones_left_to_whoever_understands_them() -> None:
    plain = one(labels={"alertname": "A"}, startsAt="2026-03-02T11:58:00Z")
    odd = (
        {"labels": {"alertname": "A", "empty": ""}},
        {"startsAt": "2026-03-02T13:58:00+02:00"},
        {"status": "resolved"},
    )
    bodies = [json.dumps({"version": "4", "alerts": [{**plain, **change}]}).encode() for change in ({}, *odd)]
    assert [plainly(body, wire="webhook") is not None for body in bodies] == [True, False, False, False]
    control = json.dumps({"version": "4", "alerts": [{**plain, "labels": {"alertname": "a\x00b"}}]}).encode()
    assert plainly(control, wire="webhook") is None  # it has to be cleaned first
