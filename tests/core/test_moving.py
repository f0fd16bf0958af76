"""Another system's schedules and escalations come over as they are, and what does not is said, never dropped."""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from openapi_schema_validator import OAS30Validator

from fireline import settings
from fireline.core.moving import READERS, toml
from fireline.core.roster import roster
from fireline.core.rota import on_call
from fireline.settings import Settings
from fireline.workflows.on_call import read

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def carried(system: str, *documents: dict[str, Any]) -> tuple[Settings, str]:
    """The settings that our own reader takes from what was printed, and the print."""
    text = toml(READERS[system](documents, NOW), system)
    found = msgspec.convert(tomllib.loads(text), Settings, strict=False)
    read(found)  # every name and time in it holds together
    return found, text


def local(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def user(key: str, name: str) -> dict[str, Any]:
    return {"user": {"id": key, "type": "user_reference", "summary": name}}


PD_SCHEDULE: dict[str, Any] = {
    "id": "PS1", "type": "schedule", "name": "Shop primary", "time_zone": "America/New_York",
    "schedule_layers": [  # the highest first
        {
            "id": "PL2", "name": "Weekend", "start": "2026-01-02T17:00:00-05:00", "end": None,
            "rotation_virtual_start": "2026-01-02T17:00:00-05:00", "rotation_turn_length_seconds": 604800,
            "users": [user("U3", "Cem Öz")],
            "restrictions": [{"type": "weekly_restriction", "start_day_of_week": 5, "start_time_of_day": "17:00:00",
                              "duration_seconds": 64 * 3600}],
        },
        {
            "id": "PL1", "name": "Week", "start": "2026-03-01T00:00:00-05:00", "end": None,
            "rotation_virtual_start": "2026-01-05T09:00:00-05:00", "rotation_turn_length_seconds": 604800,
            "users": [user("U1", "Ana Kovács"), user("U2", "Ben Okoro")], "restrictions": [],
        },
        {
            "id": "PL0", "name": "Gone", "start": "2025-01-01T00:00:00-05:00", "end": "2025-06-01T00:00:00-05:00",
            "rotation_virtual_start": "2025-01-01T00:00:00-05:00", "rotation_turn_length_seconds": 86400,
            "users": [user("U9", "Old Hand")], "restrictions": [],
        },
        {
            "id": "PL3", "name": "Odd", "start": "2025-01-01T00:00:00-05:00", "end": None,
            "rotation_virtual_start": "2025-01-01T00:00:00-05:00", "rotation_turn_length_seconds": 36 * 3600,
            "users": [user("U1", "Ana Kovács")], "restrictions": [],
        },
    ],
    "overrides_subschedule": {
        "name": "Overrides", "rendered_schedule_entries": [
            {"start": "2026-12-01T09:00:00-05:00", "end": "2026-12-02T09:00:00-05:00", **user("U2", "Ben Okoro")}
        ],
    },
}  # fmt: skip
PD_POLICY = {
    "id": "PE1", "type": "escalation_policy", "name": "Shop", "num_loops": 2,
    "services": [{"id": "PV1", "type": "service_reference", "summary": "checkout"}],
    "escalation_rules": [
        {"id": "R1", "escalation_delay_in_minutes": 5,
         "targets": [{"id": "PS1", "type": "schedule_reference", "summary": "Shop primary"}]},
        {"id": "R2", "escalation_delay_in_minutes": 10, "escalation_rule_assignment_strategy": "round_robin",
         "targets": [{"id": "U2", "type": "user_reference", "summary": "Ben Okoro"},
                     {"id": "U3", "type": "user_reference", "summary": "Cem Öz"}]},
    ],
}  # fmt: skip
PD_USERS = {"users": [{"id": "U1", "type": "user", "name": "Ana Kovács", "email": "ana@example.com"}]}
PD = ({"schedule": PD_SCHEDULE}, {"escalation_policies": [PD_POLICY]}, PD_USERS)


def test_pagerduty_comes_over_with_its_layers_in_their_order() -> None:
    found, text = carried("pagerduty", *PD)
    rotation = read(found).rotas["shop-primary"]
    assert len(rotation.layers) == 2
    zone = "America/New_York"
    assert on_call(rotation, local("2026-11-23T10:00", zone)) == "ana"  # 46 whole weeks after the virtual start
    assert on_call(rotation, local("2026-11-30T09:00", zone)) == "ben-okoro"
    assert on_call(rotation, local("2026-11-28T10:00", zone)) == "cem-oz"  # the weekend layer lies above
    assert on_call(rotation, local("2026-11-30T08:59", zone)) == "cem-oz"
    (chain,) = found.on_call.chains
    assert [(step.notify, step.after) for step in chain.steps] == [
        (("rota:shop-primary",), "0m"),
        (("ben-okoro", "cem-oz"), "5m"),
    ]
    assert (chain.services, chain.repeat, chain.wait) == (("checkout",), 2, "10m")
    assert found.people["ana"].mail == "ana@example.com"
    assert "round robin" in text
    assert "CHECK: Layer Odd of 'Shop primary' was left out: turns of 1 day, 12:00:00" in text
    assert "fireline on-call override ben-okoro --rotation shop-primary --from 2026-12-01T09:00:00-05:00" in text
    assert "Old Hand" not in text


OG_SCHEDULE = {
    "id": "s1", "name": "Payments", "timezone": "Europe/Budapest", "enabled": True, "rotations": [
        {"id": "r1", "name": "Days", "startDate": "2026-01-05T08:00:00Z", "type": "weekly", "length": 1,
         "participants": [{"type": "user", "id": "1", "username": "ana@example.com"}, {"type": "none"},
                          {"type": "user", "id": "2", "username": "ben@example.com"}],
         "timeRestriction": {"type": "weekday-and-time-of-day", "restrictions": [
             {"startDay": "monday", "startHour": 9, "startMin": 0, "endDay": "friday", "endHour": 17, "endMin": 30}]}},
        {"id": "r2", "name": "Nights", "startDate": "2026-01-05T08:00:00Z", "type": "daily", "length": 2,
         "participants": [{"type": "user", "id": "3", "username": "cem@example.com"}, {"type": "team", "name": "Ops"}],
         "timeRestriction": {"type": "time-of-day", "restriction": {"startHour": 22, "startMin": 0, "endHour": 6,
                                                                    "endMin": 0}}},
    ],
}  # fmt: skip
OG_ESCALATION = {
    "id": "e1", "name": "Payments_escalation", "rules": [
        {"condition": "if-not-acked", "notifyType": "default", "delay": {"timeAmount": 0, "timeUnit": "minutes"},
         "recipient": {"type": "schedule", "id": "s1", "name": "Payments"}},
        {"condition": "if-not-closed", "notifyType": "next", "delay": {"timeAmount": 1, "timeUnit": "hours"},
         "recipient": {"type": "user", "id": "4", "username": "dora@example.com"}},
        {"condition": "if-not-acked", "notifyType": "all", "delay": {"timeAmount": 90, "timeUnit": "minutes"},
         "recipient": {"type": "team", "id": "t1", "name": "Ops"}},
    ],
    "repeat": {"waitInterval": 20, "count": 3, "resetRecipientStates": True, "closeAlertAfterAll": False},
}  # fmt: skip


def test_opsgenie_comes_over_with_its_rotations_side_by_side() -> None:
    found, text = carried("opsgenie", {"data": [OG_SCHEDULE]}, {"data": [OG_ESCALATION]})
    rotas = read(found).rotas
    assert list(rotas) == ["payments-days", "payments-nights"]
    assert on_call(rotas["payments-days"], local("2026-01-06T10:00", "Europe/Budapest")) == "ana"
    assert on_call(rotas["payments-days"], local("2026-01-09T17:30", "Europe/Budapest")) is None
    assert on_call(rotas["payments-nights"], local("2026-01-06T23:00", "Europe/Budapest")) == "cem"
    (chain,) = found.on_call.chains
    assert [(step.notify, step.after) for step in chain.steps] == [
        (("rota:payments-days", "rota:payments-nights"), "0m"),
        (("dora",), "60m"),
    ]
    assert (chain.repeat, chain.wait) == (3, "20m")
    for said in ("a pause took a turn", "the team 'Ops' took a turn", "until the alert was closed", "'next'",
                 "asked the team 'Ops'"):  # fmt: skip
        assert said in text


GRAFANA = (
    {"count": 3, "next": None, "results": [
        {"id": "O1", "name": "Week", "type": "rolling_users", "team_id": None, "time_zone": "Europe/Budapest",
         "level": 0, "start": "2026-01-05T09:00:00", "duration": 604800, "frequency": "weekly", "interval": 1,
         "by_day": None,
         "rolling_users": [["UA"], ["UB", "UC"]], "start_rotation_from_user_index": 1, "until": None},
        {"id": "O2", "name": "Office", "type": "rolling_users", "team_id": None, "time_zone": None, "level": 1,
         "start": "2026-01-05T10:00:00", "duration": 6 * 3600, "frequency": "weekly", "interval": 1,
         "by_day": ["MO", "TU"], "rolling_users": [["UC"]], "start_rotation_from_user_index": None, "until": None},
        {"id": "O3", "name": "Party", "type": "single_event", "team_id": None, "time_zone": None, "level": 9,
         "start": "2026-12-24T18:00:00", "duration": 10800, "users": ["UB"]},
        {"id": "O4", "name": "Monthly", "type": "recurrent_event", "team_id": None, "time_zone": None, "level": 0,
         "start": "2026-01-05T09:00:00", "duration": 3600, "frequency": "monthly", "interval": 1, "users": ["UB"]},
    ]},
    {"results": [{"id": "S1", "name": "Shop on-call", "type": "calendar", "time_zone": "Europe/Budapest",
                  "shifts": ["O1", "O2", "O3", "O4"], "on_call_now": ["UA"]}]},
    {"results": [{"id": "F1", "name": "Shop chain", "team_id": None}]},
    {"results": [
        {"id": "E3", "escalation_chain_id": "F1", "position": 2, "type": "notify_persons", "important": True,
         "persons_to_notify": ["UB"]},
        {"id": "E1", "escalation_chain_id": "F1", "position": 0, "type": "notify_on_call_from_schedule",
         "notify_on_call_from_schedule": "S1"},
        {"id": "E2", "escalation_chain_id": "F1", "position": 1, "type": "wait", "duration": 300},
        {"id": "E4", "escalation_chain_id": "F1", "position": 3, "type": "trigger_webhook", "action_to_trigger": "A1"},
        {"id": "E5", "escalation_chain_id": "F1", "position": 4, "type": "repeat_escalation"},
    ]},
    {"results": [{"id": key, "username": name, "email": f"{name}@example.com", "role": "user"}
                 for key, name in (("UA", "ana"), ("UB", "ben"), ("UC", "cem"))]},
)  # fmt: skip


def test_grafana_oncall_comes_over_with_its_levels() -> None:
    found, text = carried("grafana", *GRAFANA)
    rotation = read(found).rotas["shop-on-call"]
    assert on_call(rotation, local("2026-01-05T09:30", "Europe/Budapest")) == "ben"  # index 1 begins
    assert on_call(rotation, local("2026-01-05T10:00", "Europe/Budapest")) == "cem"  # the higher level
    assert on_call(rotation, local("2026-01-05T16:00", "Europe/Budapest")) == "ben"
    assert on_call(rotation, local("2026-01-12T17:00", "Europe/Budapest")) == "ana"
    (chain,) = found.on_call.chains
    assert (chain.name, chain.repeat) == ("Shop chain", 5)
    assert [(step.notify, step.after) for step in chain.steps] == [(("rota:shop-on-call",), "0m"), (("ben",), "5m")]
    for said in ("several people had a turn together", "trigger_webhook", "'Monthly' was left out",
                 "override ben --rotation shop-on-call --from 2026-12-24T18:00:00+01:00"):  # fmt: skip
        assert said in text


def test_what_grafana_has_and_we_have_not_is_said_by_name() -> None:
    """Every part of its documented answers that a rotation of ours cannot say."""
    shifts, schedules, *rest = (json.loads(json.dumps(one)) for one in GRAFANA)
    shifts["next"] = "https://oncall.example.com/api/v1/on_call_shifts/?page=2"
    shifts["results"][1] |= {"interval": 2, "by_month": [1, 2], "by_monthday": [1]}
    schedules["results"][0] |= {"shifts": ["O1", "O2", "O9"], "ical_url_overrides": "https://cal.example.com/o.ics"}
    schedules["results"].append(
        {"id": "S2", "name": "Elsewhere", "type": "ical", "ical_url_primary": "https://x/y.ics"}
    )
    steps = rest[1]["results"]
    steps += [
        {"id": "E6", "escalation_chain_id": "F1", "position": 5, "type": "notify_person_next_each_time",
         "persons_to_notify_next_each_time": ["UC"]},
        {"id": "E7", "escalation_chain_id": "F1", "position": 6, "type": "notify_if_time_from_to",
         "notify_if_time_from": "09:00:00Z", "notify_if_time_to": "18:00:00Z"},
    ]  # fmt: skip
    _, text = carried("grafana", shifts, schedules, *rest)
    for said in ("goes on on a further page", "no file holds the shifts O9", "calendar (overrides) elsewhere",
                 "no shift of the schedule 'Elsewhere'", "calendar (primary) elsewhere", "by_month [1, 2]",
                 "weekly, every 2, with pauses", "step 6, notify_person_next_each_time, has no counterpart",
                 "step 7, notify_if_time_from_to, has no counterpart"):  # fmt: skip
        assert said in text, said


def test_nothing_in_their_files_ends_a_comment_or_a_text() -> None:
    evil = 'x"\nadmin = true\r\n[people.eve] #'
    schedule = PD_SCHEDULE | {"name": evil, "schedule_layers": PD_SCHEDULE["schedule_layers"][1:2]}
    found, _ = carried("pagerduty", {"schedule": schedule}, {"escalation_policies": [PD_POLICY | {"name": evil}]})
    assert "eve" not in found.people
    assert found.on_call.chains[0].name == evil


def test_a_zone_that_nobody_knows_is_loud() -> None:
    _, text = carried("pagerduty", {"schedule": PD_SCHEDULE | {"time_zone": "Eastern Time (US & Canada)"}})
    assert "CHECK: 'Eastern Time (US & Canada)' is no IANA time zone" in text


def test_a_schedule_that_only_an_escalation_names_is_asked_for() -> None:
    text = toml(READERS["pagerduty"]([{"escalation_policies": [PD_POLICY]}], NOW), "PagerDuty")
    assert "CHECK: the schedule 'Shop primary' is named by an escalation and was in no file." in text


@pytest.mark.parametrize(
    ("system", "schema", "answer"),
    [
        ("pagerduty", "Schedule", PD_SCHEDULE),
        ("pagerduty", "EscalationPolicy", PD_POLICY),
        ("opsgenie", "Schedule", OG_SCHEDULE),
        ("opsgenie", "Escalation", OG_ESCALATION),
    ],
)
def test_what_is_read_here_is_what_the_vendor_documents(
    shared: Path, system: str, schema: str, answer: dict[str, Any]
) -> None:
    """Validated by the vendor's own schema, with every property it names checked and none unknown."""
    file = {"pagerduty": "rest-openapiv3.json", "opsgenie": "swagger.json"}[system]
    document = json.loads((shared / "contracts" / system / file).read_text())
    where = {"pagerduty": "#/components/schemas/", "opsgenie": "#/definitions/"}[system]
    whole = nullable(document) | {"$ref": where + schema}
    errors = [f"{list(one.path)}: {one.message}" for one in OAS30Validator(whole).iter_errors(answer)]
    assert errors == []
    assert set(answer) <= properties(document, where + schema)


def nullable(node: Any) -> Any:
    """OpenAPI's `nullable` in plain JSON Schema; PagerDuty sends null where its document forgets to say so."""
    if isinstance(node, list):
        return [nullable(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: nullable(value) for key, value in node.items()}
    if "end" in made.get("properties", {}):
        made["properties"]["end"] = {"type": "string", "nullable": True}
    return made


def properties(document: Any, ref: str) -> set[str]:
    """Every property that a schema names, those of its parts too."""
    node = document
    for part in ref.removeprefix("#/").split("/"):
        node = node[int(part) if isinstance(node, list) else part]
    found = set(node.get("properties", {}))
    for one in node.get("allOf", []):
        found |= properties(document, one["$ref"]) if "$ref" in one else set(one.get("properties", {}))
    return found


def test_what_comes_over_can_be_used_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "fireline.toml"
    file.write_text(toml(READERS["opsgenie"]([{"data": [OG_SCHEDULE, OG_ESCALATION]}], NOW), "Opsgenie"))
    loaded = settings.load(file, {})
    assert read(loaded).asks
    assert roster() == roster(layers=(), chains=())
