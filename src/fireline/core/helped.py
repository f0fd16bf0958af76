"""Did it help? The same checks before and after a change, compared: better, same, worse, or unknown, with the numbers.

A check is good or not, or it gives a number whose better way is known. What got worse is never outweighed by what
got better: a change that heals one thing and breaks another has not helped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from fireline.core.events import Change, ChecksRead, Log, MitigationMeasured, Reading
from fireline.core.incident import Run
from fireline.core.plan import Plan
from fireline.core.refusal import Refused
from fireline.core.runbook import Command

Wanted = Literal["", "low", "high"]
ATTEMPTS = 3  # readings after a change, at most; they end as soon as two say the same
NOTICEABLE = 0.1  # a tenth of the number before: less is what busy systems do by themselves
CHECKS_MAX = 8  # diagnosis commands read beside a change: more would hold it up
DISLIKED = re.compile(r"exhaust|too many|slow|latenc|error|timeout|queue|lag|memory|oom|429|limit", re.IGNORECASE)
LIKED = re.compile(r"avail|success|hit|up\b|ready|throughput", re.IGNORECASE)
PODS = re.compile(r"^\S+ +(?P<ready>\d+)/(?P<all>\d+) ", re.MULTILINE)  # NAME READY STATUS …, as kubectl prints it
OF = re.compile(r"of (\d+) ready")  # the unit of the above
NUMBER = re.compile(r"^\s*(-?\d+(?:\.\d+)?)\s*$", re.MULTILINE)  # one number alone on its line: psql, wc -l
MEMORY = re.compile(r"^used_memory:(\d+)", re.MULTILINE)  # https://redis.io/docs/latest/commands/info/
STATUS = re.compile(r"^HTTP/[\d.]+ (\d{3})\b", re.MULTILINE)
CLIENT_ERROR = 400


def checks(plan: Plan, step: str) -> tuple[Command, ...]:
    """What tells whether this step helped: its way's verification, else what the diagnosis looked at."""
    return _verification(plan, step) or plan.diagnosis[:CHECKS_MAX]


def proves(plan: Plan, step: str) -> bool:
    """These checks are the runbook's own verification, and not only what the diagnosis looked at."""
    return bool(_verification(plan, step))


def _verification(plan: Plan, step: str) -> tuple[Command, ...]:
    way = next((one for one in (*plan.ways, *plan.aside) if step in {command.key for command in one.commands}), None)
    return way.verification if way else ()


def reading(one: Command, run: Run | None, output: str, *, verification: bool, symptoms: str = "") -> Reading:
    """What this command's run shows; `symptoms` of the scenario tell whether a count is better low."""
    value, unit, wanted = amount(output)
    if value is not None and not wanted and DISLIKED.search(f"{symptoms} {one.title or ''}"):
        wanted = "low"
    ended = run.finished if run else None
    good = ended.ending == "ok" if ended else None
    if found := STATUS.findall(output):
        good, value, unit, wanted = int(found[-1]) < CLIENT_ERROR, float(found[-1]), "HTTP", ""
    return Reading(
        check=one.key,
        title=one.title or one.text.splitlines()[0],
        source="verification" if verification else "diagnosis",
        good=good,
        value=value,
        unit=unit,
        wanted=wanted,
        said=(ended.summary or ended.ending) if ended else "it did not run",
    )


def amount(output: str) -> tuple[float | None, str, Wanted]:
    """The one number of an output, its unit, and whether low or high is better; None where it has none or many."""
    if pods := PODS.findall(output):
        return float(sum(int(ready) for ready, _ in pods)), f"of {sum(int(n) for _, n in pods)} ready", "high"
    if memory := MEMORY.search(output):
        return float(memory[1]), "bytes", "low"
    alone = NUMBER.findall(output)
    return (float(alone[0]), "", "") if len(alone) == 1 else (None, "", "")


def wanted_of(name: str) -> Literal["low", "high"]:
    """Whether a number of this name is better low or high: an error rate low, an availability high."""
    return "high" if LIKED.search(name) and not DISLIKED.search(name) else "low"


def change(before: Reading | None, after: Reading) -> Change:
    """One check before and after."""
    if before is None:
        return "unknown"
    if before.good is not None and after.good is not None and before.good != after.good:
        return "better" if after.good else "worse"
    if before.value is not None and after.value is not None and after.wanted and before.unit[:3] == after.unit[:3]:
        moved = after.value - before.value
        if abs(moved) <= NOTICEABLE * abs(before.value):
            return "better" if _missing(after) < _missing(before) else "same"
        return "better" if (moved < 0) == (after.wanted == "low") else "worse"
    told = after.source in {"verification", "address"} or after.good is False
    return "same" if told and before.good is not None and before.good == after.good else "unknown"


def _missing(one: Reading) -> float:
    """How many pods of those that are there are not ready; 0 of any other number."""
    found = OF.fullmatch(one.unit)
    return float(found[1]) - (one.value or 0.0) if found else 0.0


def verdict(before: Iterable[Reading], after: Iterable[Reading]) -> Change:
    """All of them together."""
    then = {one.check: one for one in before}
    found = [change(then.get(one.check), one) for one in after]
    return next((one for one in ("worse", "better", "same") if one in found), "unknown")


def alike(one: Iterable[Reading], other: Iterable[Reading]) -> bool:
    """Two readings say the same: waiting longer would not tell more."""
    then = {this.check: this for this in one}
    return all(this.check in then and _alike(then[this.check], this) for this in other)


def _alike(one: Reading, other: Reading) -> bool:
    if one.good != other.good or (one.value is None) != (other.value is None):
        return False
    if one.value is None or other.value is None:
        return True
    return abs(one.value - other.value) <= NOTICEABLE * abs(one.value)


def all_good(readings: Iterable[Reading]) -> bool:
    """Everything that can be good is; there is at least one such check."""
    told = [one.good for one in readings if one.good is not None and one.source != "diagnosis"]
    return bool(told) and all(told)


def read(log: Log, run: str) -> tuple[ChecksRead, ...]:
    """The readings around this run so far, the one before it first."""
    return tuple(one for one in log if isinstance(one, ChecksRead) and one.run == run)


def measured(log: Log, run: str) -> MitigationMeasured | None:
    """What was found about this run."""
    return next((one for one in reversed(log) if isinstance(one, MitigationMeasured) and one.run == run), None)


def settled(log: Log, run: str) -> bool:
    """Reading once more would not tell more: everything is good, or the last two readings say the same."""
    found = read(log, run)
    return all_good(found[-1].readings) or (len(found) > 2 and alike(found[-2].readings, found[-1].readings))


def note(
    log: Log, at: datetime, *, run: str, attempt: int, readings: tuple[Reading, ...], settle: float, by: str
) -> ChecksRead:
    """Keep a reading. The same attempt is kept once."""
    if any(one.attempt >= attempt for one in read(log, run)):
        raise Refused("This has been read already.")
    return ChecksRead(at=at, by=by, run=run, attempt=attempt, readings=readings, settle_seconds=settle)


def measure(log: Log, at: datetime, *, run: str, by: str) -> MitigationMeasured:
    """Compare the newest reading with the one before the change. Refused while another one may tell more."""
    if measured(log, run):
        raise Refused("This has been measured already.")
    found = read(log, run)
    if len(found) < 2:  # one before, one after
        raise Refused("Nothing was read before and after this.")
    first, last, steady = found[0], found[-1], settled(log, run)
    if not steady and last.attempt < ATTEMPTS:
        raise Refused("It has not settled yet.")
    return MitigationMeasured(
        at=at,
        by=by,
        run=run,
        verdict=verdict(first.readings, last.readings),
        before=first.readings,
        after=last.readings,
        attempts=last.attempt,
        steady=steady,
    )


def said(one: MitigationMeasured) -> str:
    """What moved, what got worse first: "error rate 4.2 → 0.3 %; health not good → good; 2 others as before"."""
    then = {this.check: this for this in one.before}
    rows = [(change(then.get(this.check), this), _row(then.get(this.check), this)) for this in one.after]
    moved = [row for wanted in ("worse", "better") for kind, row in rows if kind == wanted]
    same = [row for kind, row in rows if kind == "same"]
    if moved and same:
        same = [f"{len(same)} {'others' if len(same) > 1 else 'other'} as before"]
    return "; ".join([*moved, *same] or [row for _, row in rows])


def _row(before: Reading | None, after: Reading) -> str:
    unit = f" {after.unit}" if after.unit else ""
    if after.value is not None and after.unit != "HTTP":
        whole = f" {before.unit}" if before and before.unit != after.unit else ""
        old = f"{before.value:g}{whole} → " if before and before.value is not None else ""
        return f"{after.title}: {old}{after.value:g}{unit}"
    return f"{after.title}: {_good(before.good if before else None)} → {_good(after.good)}"


def _good(good: bool | None) -> str:  # noqa: FBT001  # it is the thing itself
    return "not known" if good is None else "good" if good else "not good"
