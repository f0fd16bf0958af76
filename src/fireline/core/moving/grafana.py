"""Grafana OnCall: shifts, schedules, escalation chains and users, as its API gives them.

`/api/v1/schedules`, `/on_call_shifts`, `/escalation_chains`, `/escalation_policies`, `/users`:
https://grafana.com/docs/oncall/latest/oncall-api-reference/
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

LENGTHS = {"hourly": ours.HOUR, "daily": ours.DAY, "weekly": ours.WEEK}
REPEATS = 5  # how often "repeat escalation" repeats there
LAST_WAIT = 5.0  # minutes; there, a chain that ends without a wait simply ends


def read(documents: Sequence[dict[str, Any]], at: datetime) -> Found:
    """Everything in these answers. What ended before `at` is left out."""
    found = Found(remarks=list(ours.cut_short(documents)))
    rows = [one for doc in documents for one in doc.get("results", [doc])]
    for one in rows:
        if "username" in one:
            found.person(one["id"], one["username"], one.get("email") or "")
    shifts = {one["id"]: one for one in rows if "start" in one and "duration" in one}
    for one in rows:
        if "shifts" in one or one.get("type") in {"web", "ical", "calendar"}:
            _schedule(found, one, shifts, at)
    policies = [one for one in rows if "escalation_chain_id" in one]
    names = {one["id"]: one["name"] for one in rows if "name" in one}
    for chain in dict.fromkeys(one["escalation_chain_id"] for one in policies):
        mine = [one for one in policies if one["escalation_chain_id"] == chain]
        _chain(found, names.get(chain, chain), sorted(mine, key=lambda one: one.get("position", 0)))
    return found


def _schedule(found: Found, schedule: dict[str, Any], shifts: dict[str, dict[str, Any]], at: datetime) -> None:
    (name,), title = found.names(schedule["id"], schedule["name"]), schedule["name"]
    wanted = schedule.get("shifts") or []
    mine = [shifts[one] for one in wanted if one in shifts]
    if missing := [one for one in wanted if one not in shifts]:
        found.remarks.append(f"CHECK: of the schedule {title!r} no file holds the shifts {', '.join(missing)}.")
    elif not wanted:
        found.remarks.append(f"CHECK: no shift of the schedule {title!r} was in the files.")
    for kind in ("primary", "overrides"):
        if schedule.get(f"ical_url_{kind}"):
            found.remarks.append(f"CHECK: the schedule {title!r} has a calendar ({kind}) elsewhere, that nobody read.")
    for shift in sorted(mine, key=lambda one: one.get("level") or 0):  # the higher level wins
        _shift(found, name, shift, shift.get("time_zone") or schedule.get("time_zone") or "UTC", at)


def _shift(found: Found, name: str, shift: dict[str, Any], zone: str, at: datetime) -> None:
    remarks = [f"Shift {shift['name']!r}."]
    where = ours.zone(zone, remarks)
    groups = shift.get("rolling_users") or [shift.get("users") or []]
    people = [found.person(group[0]) for group in groups if group]
    start, length = datetime.fromisoformat(shift["start"]).replace(tzinfo=None), timedelta(seconds=shift["duration"])
    if shift["type"] in {"single_event", "override"}:
        end = start + length
        if people and end.replace(tzinfo=ZoneInfo(where)) > at:
            begins, ends = (one.replace(tzinfo=ZoneInfo(where)).isoformat() for one in (start, end))
            found.remarks.append(ours.override(people[0], name, begins, ends, "Grafana"))
        return
    until = shift.get("until") and datetime.fromisoformat(shift["until"]).replace(tzinfo=ZoneInfo(where))
    if until and until <= at:
        return
    period = LENGTHS.get(shift.get("frequency") or "", timedelta()) * (shift.get("interval") or 1)
    turn = ours.every(period) if period else None
    if turn is None or not people:
        why = f"it comes {shift.get('frequency')}, every {shift.get('interval') or 1}" if people else "it has no people"
        found.remarks.append(f"CHECK: shift {shift['name']!r} was left out: {why}.")
        return
    if limits := [f"{key} {shift[key]}" for key in ("by_month", "by_monthday") if shift.get(key)]:
        remarks.append(f"CHECK: it comes only on some days of the year ({', '.join(limits)}); here on all.")
    if (shift.get("interval") or 1) > 1 and length < period:
        remarks.append(f"CHECK: it comes {shift['frequency']}, every {shift['interval']}, with pauses; here without.")
    if any(len(group) > 1 for group in groups):
        remarks.append("CHECK: several people had a turn together; here the first of them has it.")
    first = datetime.fromisoformat(shift.get("rotation_start") or shift["start"]).replace(tzinfo=None)
    found.layers.append(
        (
            Layer(
                name=name, people=ours.turned(people, shift.get("start_rotation_from_user_index") or 0),
                starts=first.date(), every=turn, handover=ours.handover(start, turn), zone=where,
                during=_during(shift, start, length, period), ends=until.date() if until else None,
            ),
            remarks,
        )
    )  # fmt: skip


def _during(shift: dict[str, Any], start: datetime, length: timedelta, period: timedelta) -> tuple[str, ...]:
    clock = f"{start:%H:%M}"
    days = [("MO", "TU", "WE", "TH", "FR", "SA", "SU").index(one) for one in shift.get("by_day") or []]
    if days:
        pieces = [ours.window(day, clock, length) for day in sorted(days)]
    elif length >= period:
        pieces = []
    elif period >= ours.WEEK:
        pieces = [ours.window(start.weekday(), clock, length)]
    else:
        pieces = [ours.window(None, clock, length)]
    return tuple(one for one in pieces if one)


def _chain(found: Found, name: str, policies: Sequence[dict[str, Any]]) -> None:
    remarks: list[str] = []
    steps: dict[float, list[str]] = {}
    after, repeat = 0.0, 0
    for n, policy in enumerate(policies, 1):
        match policy["type"]:
            case "wait":
                after += (policy.get("duration") or 0) / 60
            case "notify_on_call_from_schedule":
                schedule = policy["notify_on_call_from_schedule"]
                if schedule not in found.rotations:
                    found.remarks.append(f"CHECK: the schedule {schedule!r} is named by a chain and was in no file.")
                steps.setdefault(after, []).extend(map(ours.rota, found.names(schedule, schedule)))
            case "notify_persons":
                steps.setdefault(after, []).extend(found.person(one) for one in policy["persons_to_notify"])
            case "repeat_escalation":
                repeat = REPEATS
            case kind:
                remarks.append(f"CHECK: step {n}, {kind}, has no counterpart here.")
    if not steps:
        found.remarks.append(f"CHECK: the chain {name!r} was left out: it asks nobody.")
        return
    begin, last = min(steps), max(steps)
    if begin:
        remarks.append(f"CHECK: it began after {begin:g} minutes; here it begins at once.")
    made = tuple(
        Step(notify=tuple(dict.fromkeys(notify)), after=ours.minutes(when - begin)) for when, notify in steps.items()
    )
    wait = ours.minutes(max(1.0, after - last or LAST_WAIT))
    found.chains.append((Chain(name=name, steps=made, repeat=repeat, wait=wait), remarks))
