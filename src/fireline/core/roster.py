"""Roster: the rotations, the chains in which people are asked, and the channels that reach them.

All of it is read from the settings once; who has a turn right now is asked of `rota` each time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from itertools import pairwise

import msgspec

from fireline.core.refusal import Refused
from fireline.core.rota import Layer, Override, Rota, on_call, rotas
from fireline.core.silence import span

ROTA = "rota:"  # in front of a rotation's name, where a handle would do as well
REPEAT_MAX = 20
CHANNELS_MAX = 10
BUILT_IN = ("mail", "ntfy", "slack", "apprise")  # channels that are no gateways
GATEWAY = re.compile(r"[a-z][a-z0-9_-]{0,31}")


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of a chain: whom to ask, and how long after the chain's beginning."""

    notify: tuple[str, ...]  # handles, and rotations such as "rota:primary"
    after: str = "0m"


class Chain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[on_call.chains]]`: who is asked, one step after the other, until somebody acknowledges."""

    name: str
    steps: tuple[Step, ...]
    services: tuple[str, ...] = ()  # patterns such as "shop-*"; without any, every incident
    severities: tuple[str, ...] = ("P0", "P1")  # others wake nobody
    repeat: int = 3  # how many times the chain begins anew when nobody answers
    wait: str = "5m"  # how long the last step waits for an answer


@dataclass(frozen=True, slots=True)
class Rung:
    """One step, ready: whom to ask, and how long it waits before the next one."""

    notify: tuple[str, ...]
    wait: timedelta


@dataclass(frozen=True, slots=True)
class Ladder:
    """One chain, ready."""

    name: str
    services: tuple[str, ...]
    severities: tuple[str, ...]
    rounds: int
    rungs: tuple[Rung, ...]

    def fits(self, service: str | None) -> bool:
        """It is for incidents of this service."""
        return not self.services or any(fnmatchcase(service or "", one) for one in self.services)


@dataclass(frozen=True, slots=True)
class Turn:
    """A person whom a step names, and why it is them; `who` is None where nobody has the turn."""

    who: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Roster:
    """Everything on-call knows from the settings."""

    rotas: Mapping[str, Rota] = field(default_factory=dict)
    ladders: tuple[Ladder, ...] = ()
    channels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by person, in their order
    between: timedelta = timedelta(minutes=1)  # from one channel of a person to the next

    @property
    def asks(self) -> bool:
        """Somebody would be asked."""
        return bool(self.ladders)

    def ladder(self, service: str | None) -> Ladder | None:
        """The first chain that is for this service."""
        return next((one for one in self.ladders if one.fits(service)), None)

    def turn(self, name: str, at: datetime, overrides: Collection[Override]) -> Turn:
        """Whom a step's word means at this moment."""
        if not name.startswith(ROTA):
            return Turn(name, "named in the chain")
        rotation = name.removeprefix(ROTA)
        who = on_call(self.rotas[rotation], at, overrides)
        return Turn(who, f"on call in {rotation}" if who else f"{rotation}: nobody has the turn")


def roster(
    *,
    layers: Sequence[Layer] = (),
    chains: Sequence[Chain] = (),
    channels: Mapping[str, Sequence[str]] | None = None,
    gateways: Collection[str] = (),
    between: str = "1m",
) -> Roster:
    """Everything together. Raises `Refused(400)` naming what does not fit."""
    reached = {who: tuple(theirs) for who, theirs in (channels or {}).items()}
    if wrong := next((one for one in gateways if one in BUILT_IN or not GATEWAY.fullmatch(one)), None):
        taken = f"{', '.join(BUILT_IN[:-1])} or {BUILT_IN[-1]}"
        sentence = f"[gateways.{wrong}]: a name is 1 to 32 of a-z, 0-9, dash and underscore, and not {taken}."
        raise Refused(sentence, status=400)
    for who, theirs in reached.items():
        unknown = [one for one in theirs if one not in {*BUILT_IN, *gateways}]
        if unknown:
            known = ", ".join((*BUILT_IN, *gateways))
            raise Refused(f"[people.{who}] channels: {unknown[0]!r} is none of {known}.", status=400)
        if len(theirs) > CHANNELS_MAX:
            raise Refused(f"[people.{who}] channels: {CHANNELS_MAX} are enough.", status=400)
    found = rotas(layers)
    names = [chain.name for chain in chains]
    if len(set(names)) < len(names):
        raise Refused("Two chains of on-call have the same name.", status=400)
    return Roster(found, tuple(_ladder(one, found) for one in chains), reached, _span(between, "[on_call] between"))


def _ladder(chain: Chain, known: Mapping[str, Rota]) -> Ladder:
    where = f"The chain “{chain.name}”"
    if not chain.steps:
        raise Refused(f"{where} has no steps.", status=400)
    if not 0 <= chain.repeat <= REPEAT_MAX:
        raise Refused(f"{where}: repeat is 0 to {REPEAT_MAX}.", status=400)
    for name in (name for step in chain.steps for name in step.notify):
        if name.startswith(ROTA) and name.removeprefix(ROTA) not in known:
            raise Refused(f"{where} asks {name}, and there is no such rotation.", status=400)
    after = [_span(step.after, where) for step in chain.steps]
    if after[0] or sorted(after) != after:
        raise Refused(f"{where}: the first step comes after 0m, a later one not before the one above it.", status=400)
    waits = [*(later - now for now, later in pairwise(after)), _span(chain.wait, where)]
    if not all(waits):
        raise Refused(f"{where}: nobody can answer within 0m. People of one moment stand in one step.", status=400)
    rungs = tuple(Rung(step.notify, wait) for step, wait in zip(chain.steps, waits, strict=True))
    return Ladder(chain.name, chain.services, chain.severities, chain.repeat + 1, rungs)


def _span(text: str, where: str) -> timedelta:
    if text in {"0", "0m"}:
        return timedelta()
    try:
        return span(text)
    except Refused as no:
        raise Refused(f"{where}: {no.sentence}", status=400) from no
