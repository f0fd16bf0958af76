"""Opsgenie: schedules with their rotations, and escalations, as its API gives them.

`GET /v2/schedules?expand=rotation`, `GET /v2/escalations`: https://docs.opsgenie.com/docs/schedule-api
The rotations of a schedule are on call side by side, so each becomes a rotation of its own here, and a step that
named the schedule names all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fireline.core.moving import found as ours
from fireline.core.moving.found import Found
from fireline.core.roster import Chain, Step
from fireline.core.rota import DAYS, Layer

UNITS = {"days": 1440.0, "hours": 60.0, "minutes": 1.0, "seconds": 1 / 60, "miliseconds": 1 / 60_000}
TURNS = {"daily": ours.DAY, "weekly": ours.WEEK, "hourly": ours.HOUR}


def read(documents: Sequence[dict[str, Any]], at: datetime) -> Found:
    """Everything in these answers. What ended before `at` is left out."""
    found = Found()
    data = [one for doc in documents for one in (doc["data"] if isinstance(doc["data"], list) else [doc["data"]])]
    for one in data:
        if "username" in one:
            found.person(one["username"], one.get("fullName", ""), one["username"])
    for one in data:
        if "timezone" in one and "username" not in one:
            _schedule(found, one, at)
    for one in data:
        if "rules" in one:
            _escalation(found, one)
    return found


def _schedule(found: Found, schedule: dict[str, Any], at: datetime) -> None:
    title = schedule.get("name") or schedule["id"]
    if schedule.get("enabled") is False:
        found.remarks.append(f"CHECK: the schedule {title!r} is disabled there; here it is not.")
    rotations = [one for one in schedule.get("rotations") or [] if not _over(one, at)]
    if not rotations:
        found.remarks.append(f"CHECK: the schedule {title!r} came without rotations: ask with expand=rotation.")
        return
    parts = [one.get("name") or "" for one in rotations] if len(rotations) > 1 else [""]
    names = found.names(schedule["id"], title, parts)
    found.rotations[title] = names  # escalations may name it by either
    for name, rotation in zip(names, rotations, strict=True):
        _rotation(found, name, title, schedule["timezone"], rotation)


def _over(rotation: dict[str, Any], at: datetime) -> bool:
    return bool(rotation.get("endDate")) and datetime.fromisoformat(rotation["endDate"]) <= at


def _rotation(found: Found, name: str, title: str, zone: str, rotation: dict[str, Any]) -> None:
    remarks = [f"Rotation {rotation.get('name') or '?'} of {title!r}."]
    where = ours.zone(zone, remarks)
    length = TURNS[rotation["type"]] * rotation.get("length", 1)
    turn = ours.every(length)
    people = []
    for one in rotation.get("participants") or []:
        if one["type"] == "user":
            people.append(found.person(one.get("username") or one["id"], mail=one.get("username") or ""))
        else:
            what = "a pause" if one["type"] == "none" else f"the {one['type']} {one.get('name') or one.get('id')!r}"
            remarks.append(f"CHECK: {what} took a turn here; only people do, so the order of turns has changed.")
    if turn is None or not people:
        why = f"turns of {length} cannot be said here" if people else "no person takes a turn"
        found.remarks.append(f"CHECK: rotation {name} was left out: {why}.")
        return
    first = datetime.fromisoformat(rotation["startDate"]).astimezone(ZoneInfo(where))
    end = rotation.get("endDate") and datetime.fromisoformat(rotation["endDate"]).astimezone(ZoneInfo(where))
    found.layers.append(
        (
            Layer(
                name=name, people=tuple(people), starts=first.date(), every=turn, handover=ours.handover(first, turn),
                zone=where, during=tuple(_during(rotation.get("timeRestriction") or {})),
                ends=end.date() if end else None,
            ),
            remarks,
        )
    )  # fmt: skip


def _during(restriction: dict[str, Any]) -> Iterator[str]:
    one = restriction.get("restriction")
    for piece in [one] if one else restriction.get("restrictions") or []:
        start, end = (f"{piece.get(f'{at}Hour', 0):02}:{piece.get(f'{at}Min', 0):02}" for at in ("start", "end"))
        if "startDay" not in piece:
            yield f"{start}-{end}"
            continue
        first, last = (piece[f"{at}Day"][:3].title() for at in ("start", "end"))
        assert first in DAYS
        yield f"{first} {start} to {last} {end}"


def _escalation(found: Found, escalation: dict[str, Any]) -> None:
    remarks: list[str] = []
    steps: dict[float, list[str]] = {}
    for n, rule in enumerate(escalation["rules"], 1):
        delay = rule["delay"]
        after = delay["timeAmount"] * UNITS.get(delay.get("timeUnit", "minutes"), 1.0)
        if rule.get("condition") == "if-not-closed":
            remarks.append(f"CHECK: step {n} asked until the alert was closed; here an acknowledgement ends it.")
        if rule.get("notifyType", "default") != "default":
            remarks.append(f"CHECK: step {n} asked {rule['notifyType']!r} of its recipient; here who is on call.")
        steps.setdefault(round(after), []).extend(_recipient(found, rule["recipient"], n, remarks))
    steps = {after: notify for after, notify in sorted(steps.items()) if notify}
    if not steps:
        found.remarks.append(f"CHECK: the escalation {escalation['name']!r} was left out: it asks no person.")
        return
    begin = min(steps)
    if begin:
        remarks.append(f"CHECK: it began after {begin:g} minutes; here it begins at once.")
    repeat = escalation.get("repeat") or {}
    chain = Chain(
        name=escalation["name"],
        steps=tuple(
            Step(notify=tuple(dict.fromkeys(notify)), after=ours.minutes(after - begin))
            for after, notify in steps.items()
        ),
        repeat=repeat.get("count") or 0,
        wait=ours.minutes(repeat.get("waitInterval") or 5),
    )
    found.chains.append((chain, remarks))


def _recipient(found: Found, recipient: dict[str, Any], n: int, remarks: list[str]) -> tuple[str, ...]:
    name = recipient.get("username") or recipient.get("name") or recipient.get("id") or ""
    match recipient["type"]:
        case "user":
            return (found.person(name, mail=recipient.get("username") or ""),)
        case "schedule":
            known = found.rotations.get(recipient.get("id") or "") or found.rotations.get(name)
            if known is None:
                found.remarks.append(f"CHECK: the schedule {name!r} is named by an escalation and was in no file.")
                known = found.names(name, name)
            return tuple(map(ours.rota, known))
        case kind:
            remarks.append(f"CHECK: step {n} asked the {kind} {name!r}, which has no counterpart here.")
            return ()
