"""Debts: what was changed for the time being, and has to be taken back or made permanent on purpose.

A mitigation at three in the morning is a stopgap. Each one is listed with who answers for it, when it is asked after
and the command that takes it back. The incident does not close over it: it is undone, or a named person owns it with
a date, and the review says so.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import get_args

import msgspec

from fireline.core import approval
from fireline.core.events import (
    HOUSE,
    ApprovalAsked,
    DebtDue,
    DebtOwned,
    DebtSettled,
    DebtTaken,
    Log,
    Temporary,
)
from fireline.core.people import HANDLE
from fireline.core.refusal import Refused

UNDO = "undo"  # the step of a command that takes something back; the walk waits for none of these
WHAT_MAX_CHARS = 300
MINUTES_MAX = 7 * 24 * 60  # what stays longer is no stopgap: own it with a date
OWNED_MAX = timedelta(days=366)
# What a manifest is, by its file's name: k8s/rate-limit-strict.yaml, circuit-breaker.yaml.
MANIFESTS: tuple[tuple[Temporary, re.Pattern[str]], ...] = (
    ("limit", re.compile(r"rate.?limit|throttl", re.IGNORECASE)),
    ("circuit breaker", re.compile(r"circuit.?break", re.IGNORECASE)),
)
LIMITS = re.compile(r"limit[-_.]?(?:rps|rpm|connections|burst|req)|max_connections|maxmemory\b", re.IGNORECASE)
VALUED = (
    "-n",
    "--namespace",
    "--context",
    "--kubeconfig",
    "--cluster",
    "--user",
)  # flags whose value is a word of its own


@dataclass(frozen=True, slots=True)
class Debt:
    """One stopgap, and what became of it."""

    taken: DebtTaken
    due: DebtDue | None = None
    owned: DebtOwned | None = None
    settled: DebtSettled | None = None

    @property
    def number(self) -> int:
        """1 for the first of the incident."""
        return self.taken.debt

    @property
    def state(self) -> str:
        """`open`, `due`, `owned`, `undone` or `permanent`."""
        if self.settled:
            return self.settled.how
        if self.owned:
            return "owned"
        return "due" if self.due else "open"

    @property
    def blocks(self) -> bool:
        """The incident cannot close over it."""
        return not (self.settled or self.owned)

    @property
    def owner(self) -> str:
        """Who answers for it."""
        return self.owned.owner if self.owned else self.taken.owner

    @property
    def until(self) -> datetime | None:
        """When it is asked after next."""
        return self.owned.due_at if self.owned else self.taken.until


def debts(log: Log) -> tuple[Debt, ...]:
    """Every stopgap of the incident, the first one first."""
    found: dict[int, Debt] = {}
    for event in log:
        match event:
            case DebtTaken(debt=n):
                found[n] = Debt(event)
            case DebtDue(debt=n):
                found[n] = replace(found[n], due=event)
            case DebtOwned(debt=n):
                found[n] = replace(found[n], owned=event)
            case DebtSettled(debt=n):
                found[n] = replace(found[n], settled=event)
            case _:
                pass
    return tuple(found.values())


def find(log: Log, number: int) -> Debt:
    """The debt with this number, whatever became of it."""
    for one in debts(log):
        if one.number == number:
            return one
    raise Refused(f"This incident has no temporary change {number}.", status=404)


def temporary(command: str) -> tuple[Temporary, str] | None:
    """What a command changes for the time being, by its own words: kind and sentence; None for anything else.

    Only one plain command is read: of a script nobody can say in a word what it left behind.
    """
    try:
        words = shlex.split(command.replace("\\\n", " "))
    except ValueError:
        return None
    if not words or words[0].rpartition("/")[2] != "kubectl" or {"&&", "||", "|", ";"} & set(words):
        return _limit(command)
    plain = [one for before, one in pairwise(words) if before not in VALUED and not one.startswith("-")]
    target = next((one for one in words if "/" in one and not one.startswith("-") and "." not in one), "")
    match plain:
        case ["scale", *_] if count := _flag(words, "--replicas"):
            return "scale", f"{target or 'workload'} scaled to {count}"
        case ["set", "env", *rest] if names := [one for one in rest if re.match(r"[A-Za-z_]\w*(=|-$)", one)]:
            return "environment", f"{target or 'workload'} runs with {', '.join(names)}"
        case ["rollout", "undo", *_]:
            return "rollback", f"{target or 'workload'} runs an older version"
        case ["apply", *_]:
            path = _flag(words, "-f") or _flag(words, "--filename")
            return next(((kind, f"{path} is applied") for kind, word in MANIFESTS if path and word.search(path)), None)
        case _:
            return _limit(command)


def take(
    log: Log,
    at: datetime,
    *,
    what: str,
    by: str,
    kind: str = "other",
    owner: str = "",
    undo: str = "",
    minutes: float | None = None,
    revert: bool = False,
    ask: int | None = None,
    run: str = "",
) -> DebtTaken:
    """List a stopgap. Of one run it is listed once; `minutes` from now it is asked after, or taken back by itself."""
    what, undo = " ".join(what.split())[:WHAT_MAX_CHARS], undo.strip()
    if not what:
        raise Refused("Say what is changed for the time being.", status=400, field="what")
    if run and any(one.taken.run == run for one in debts(log)):
        raise Refused("This is listed already.")
    if kind not in get_args(Temporary):
        raise Refused(f"A temporary change is one of {', '.join(get_args(Temporary))}.", status=400, field="kind")
    if minutes is not None and not 0 < minutes <= MINUTES_MAX:
        raise Refused(f"Say after how many minutes to ask again: 1 to {MINUTES_MAX}.", status=400, field="minutes")
    if revert and not (undo and minutes):
        raise Refused("What is to revert by itself needs its undo command and its minutes.", status=400, field="undo")
    _person(owner, at_least=False)
    until = at + timedelta(minutes=minutes) if minutes else None
    return DebtTaken(
        at=at, by=by, debt=len(debts(log)) + 1, what=what, kind=kind, owner=owner, undo=undo,  # type: ignore[arg-type]
        until=until, revert=revert, ask=ask, run=run,
    )  # fmt: skip


def own(log: Log, at: datetime, *, debt: int, owner: str, due_at: datetime, by: str, plan: str = "") -> DebtOwned:
    """Give it to a named person with a date; the incident may close then. Owning it anew moves both."""
    one = _unsettled(log, debt)
    _person(owner, at_least=True)
    if due_at.tzinfo is None:
        raise Refused("Give the date with its zone, such as 2026-11-30T12:00:00Z.", status=400, field="due_at")
    if not at < due_at <= at + OWNED_MAX:
        raise Refused("Give a date that is still to come, within a year.", status=400, field="due_at")
    plan = " ".join(plan.split())[:WHAT_MAX_CHARS]
    return DebtOwned(at=at, by=by, debt=one.number, owner=owner, due_at=due_at, plan=plan)


def settle(
    log: Log, at: datetime, *, debt: int, by: str, permanent: bool = False, said: str = "", run: str = ""
) -> DebtSettled:
    """It is taken back, or made permanent on purpose. A person says how it was done; a run speaks for itself."""
    one = _unsettled(log, debt)
    said = " ".join(said.split())[:WHAT_MAX_CHARS]
    if not run and not said:
        raise Refused("Say how: the review prints it.", status=400, field="said")
    return DebtSettled(at=at, by=by, debt=one.number, how="permanent" if permanent else "undone", said=said, run=run)


def ring(log: Log, at: datetime, *, by: str) -> DebtDue:
    """Called by the clock: the oldest stopgap whose time is over and that nobody was told of yet."""
    late = [one for one in debts(log) if _rings(one, at)]
    if not late:
        raise Refused("No temporary change is due.")
    one = min(late, key=lambda each: each.until or at)
    assert one.until is not None
    return DebtDue(at=at, by=by, debt=one.number, due_at=one.until, revert=one.taken.revert and one.owned is None)


def covered(log: Log, debt: Debt) -> ApprovalAsked | None:
    """The granted ask whose yes covered taking this back with exactly these bytes; None when nobody said yes to it."""
    if debt.taken.ask is None:
        return None
    first = approval.find(log, debt.taken.ask)
    promised = first.asked.revert
    same = bool(promised) and promised.command == debt.taken.undo  # type: ignore[union-attr]  # bool says it is set
    return first.asked if same and first.granted and first.started else None


def take_back(
    log: Log, at: datetime, *, debt: int, effect: str, rule: str, why: str, yes_needed: int, by: str
) -> ApprovalAsked:
    """Ask for the undo command, or run it without a further yes where the first one covered it, byte for byte."""
    one = _unsettled(log, debt)
    if not one.taken.undo:
        raise Refused("Nobody knows the command that takes this back. Do it by hand, then say so.")
    first = covered(log, one) if by == HOUSE else None
    due = f"The {_span(one)} are over" if one.due else "It is no longer needed"
    asked = approval.ask(
        log,
        at,
        step=UNDO,
        title=f"Take back: {one.taken.what}",
        command=one.taken.undo,
        effect=effect,
        rule=rule,
        reason=f"{due}: {one.taken.what}" + (f" (covered by approval {first.ask})" if first else ""),
        yes_needed=yes_needed,
        by=by,
        why=why,
    )
    return msgspec.structs.replace(asked, yes_needed=0, covered_by=first.ask) if first else asked


def undone_by(log: Log, command: str) -> Debt | None:
    """The newest stopgap that this very command takes back."""
    return next((one for one in reversed(debts(log)) if not one.settled and one.taken.undo == command), None)


def standing(log: Log) -> tuple[bool, str] | None:
    """Where the gate of debts stands: open or shut, and why; None when nothing was changed for the time being."""
    found = debts(log)
    if not found:
        return None
    if left := [one for one in found if one.blocks]:
        names = "; ".join(one.taken.what for one in left)
        return False, f"{len(left)} of {len(found)} neither undone nor owned: {names}"
    owned = [one for one in found if one.owned and not one.settled]
    return True, "; ".join(f"{one.taken.what}: {one.owner} by {_date(one)}" for one in owned) or "all settled"


def follow_ups(log: Log) -> tuple[tuple[str, str, str], ...]:
    """For the review: what to make permanent or undo, who, by when. Settled ones are left out."""
    left = [one for one in debts(log) if not one.settled]
    return tuple((f"Make permanent or undo: {one.taken.what}", one.owner, _date(one)) for one in left)


def told(log: Log) -> Iterator[str]:
    """For the review: every stopgap and what became of it."""
    for one in debts(log):
        if one.settled:
            state = one.settled.how + (f" ({one.settled.said})" if one.settled.said else "")
        else:
            state = f"owned by {one.owner} until {_date(one)}" if one.owned else "still in place"
        yield f"Stopgap: {one.taken.what}, {state}"


def _rings(one: Debt, at: datetime) -> bool:
    until = one.until
    return not one.settled and until is not None and until <= at and (one.due is None or one.due.due_at != until)


def _date(one: Debt) -> str:
    return f"{one.owned.due_at:%Y-%m-%d}" if one.owned else ""


def _span(one: Debt) -> str:
    assert one.taken.until is not None
    return f"{(one.taken.until - one.taken.at) / timedelta(minutes=1):g} minutes"


def _unsettled(log: Log, number: int) -> Debt:
    one = find(log, number)
    if one.settled:
        raise Refused(f"Temporary change {number} is {one.settled.how} already.")
    return one


def _person(owner: str, *, at_least: bool) -> None:
    if (at_least or owner) and (not HANDLE.fullmatch(owner) or owner == HOUSE):
        raise Refused("A named person owns it: give their handle.", status=400, field="owner")


def _flag(words: list[str], name: str) -> str:
    """The value of `--name=value` or `--name value`; "" without."""
    for n, word in enumerate(words):
        if word == name:
            return words[n + 1] if n + 1 < len(words) else ""
        if word.startswith(f"{name}="):
            return word.removeprefix(f"{name}=")
    return ""


def _limit(command: str) -> tuple[Temporary, str] | None:
    """A raised limit, where the command sets one: an ingress annotation, `ALTER SYSTEM SET max_connections`."""
    sets = re.search(r"\b(?:annotate|alter\s+system|config\s+set|patch)\b", command, re.IGNORECASE)
    found = LIMITS.search(command) if sets else None
    return ("limit", f"{found[0]} changed") if found else None
