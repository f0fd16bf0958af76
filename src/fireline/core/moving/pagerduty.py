"""PagerDuty: schedules, escalation policies and users as its REST API gives them.

`GET /schedules/{id}`, `GET /escalation_policies`, `GET /users`: https://developer.pagerduty.com/api-reference/
The API names the highest layer of a schedule first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fireline.core.moving import found as ours
from fireline.core.moving.found import Found
from fireline.core.roster import Chain, Step
from fireline.core.rota import Layer


def read(documents: Sequence[dict[str, Any]], at: datetime) -> Found:
    """Everything in these answers. What ended before `at` is left out."""
    found = Found(remarks=list(ours.cut_short(documents)))
    for user in _all(documents, "user"):
        found.person(user["id"], user.get("name", ""), user.get("email", ""))
    for schedule in _all(documents, "schedule"):
        _schedule(found, schedule, at)
    for policy in _all(documents, "escalation_policy", "escalation_policies"):
        _policy(found, policy)
    return found


def _all(documents: Sequence[dict[str, Any]], one: str, many: str = "") -> list[dict[str, Any]]:
    return [each for doc in documents for each in ([doc[one]] if one in doc else doc.get(many or f"{one}s", []))]


def _schedule(found: Found, schedule: dict[str, Any], at: datetime) -> None:
    title = schedule.get("name") or schedule.get("summary") or schedule["id"]
    (name,) = found.names(schedule["id"], title)
    layers = schedule.get("schedule_layers") or []
    if not layers:
        found.remarks.append(f"CHECK: the schedule {title!r} came without layers: ask for it by its id.")
    for layer in reversed(layers):
        if layer.get("end") and datetime.fromisoformat(layer["end"]) <= at:
            continue
        _layer(found, name, title, schedule["time_zone"], layer)
    overrides = (schedule.get("overrides_subschedule") or {}).get("rendered_schedule_entries") or []
    for one in overrides:
        who = _who(found, one["user"])
        found.remarks.append(ours.override(who, name, one["start"], one["end"], "PagerDuty"))


def _layer(found: Found, name: str, title: str, zone: str, layer: dict[str, Any]) -> None:
    label = f"Layer {layer.get('name') or layer.get('id') or '?'} of {title!r}"
    remarks = [f"{label}."]
    length = timedelta(seconds=layer["rotation_turn_length_seconds"])
    turn = ours.every(length)
    people = [_who(found, one["user"]) for one in layer["users"]]
    if turn is None or not people:
        why = f"turns of {length} cannot be said here" if people else "it has no people"
        found.remarks.append(f"CHECK: {label} was left out: {why}.")
        return
    where = ours.zone(zone, remarks)
    first = datetime.fromisoformat(layer["rotation_virtual_start"]).astimezone(ZoneInfo(where)).replace(tzinfo=None)
    begins = datetime.fromisoformat(layer["start"]).astimezone(ZoneInfo(where)).replace(tzinfo=None)
    past = max(0, (begins - first) // length)  # turns that were over before the layer began
    end = layer.get("end") and datetime.fromisoformat(layer["end"]).astimezone(ZoneInfo(where))
    if end:
        remarks.append(f"CHECK: it ends at {end:%Y-%m-%d %H:%M}; here on that day at the hand-over time.")
    during = []
    for one in layer.get("restrictions") or []:
        weekday = one["start_day_of_week"] - 1 if one["type"] == "weekly_restriction" else None
        piece = ours.window(weekday, one["start_time_of_day"], timedelta(seconds=one["duration_seconds"]))
        during += [piece] if piece else []
    found.layers.append(
        (
            Layer(
                name=name, people=ours.turned(people, past), starts=(first + past * length).date(), every=turn,
                handover=ours.handover(first, turn), zone=where, during=tuple(during), ends=end.date() if end else None,
            ),
            remarks,
        )
    )  # fmt: skip


def _policy(found: Found, policy: dict[str, Any]) -> None:
    remarks: list[str] = []
    steps: list[Step] = []
    after, wait = 0, 0
    for n, rule in enumerate(policy["escalation_rules"], 1):
        notify = tuple(name for target in rule["targets"] for name in _target(found, target))
        strategy = rule.get("escalation_rule_assignment_strategy")
        strategies = strategy if isinstance(strategy, list) else [{"type": strategy}]  # their document shows both
        if any(one.get("type") == "round_robin" for one in strategies):
            remarks.append(f"CHECK: step {n} asked its people in turn (round robin); here it asks all of them.")
        steps.append(Step(notify=notify, after=ours.minutes(after)))
        wait = max(1, rule["escalation_delay_in_minutes"])
        after += wait
    services = tuple(one.get("summary") or one["id"] for one in policy.get("services") or [])
    if services:
        remarks.append("CHECK: services are named as in PagerDuty; your alerts may name them otherwise.")
    name = policy.get("name") or policy["id"]
    chain = Chain(
        name=name, steps=tuple(steps), services=services, repeat=policy.get("num_loops", 0), wait=ours.minutes(wait)
    )
    found.chains.append((chain, remarks))


def _target(found: Found, target: dict[str, Any]) -> tuple[str, ...]:
    if "schedule" not in target["type"]:
        return (_who(found, target),)
    title = target.get("summary") or target["id"]
    if target["id"] not in found.rotations:
        found.remarks.append(f"CHECK: the schedule {title!r} is named by an escalation and was in no file.")
    return tuple(map(ours.rota, found.names(target["id"], title)))


def _who(found: Found, user: dict[str, Any]) -> str:
    return found.person(user["id"], user.get("summary") or user.get("name") or "", user.get("email") or "")
