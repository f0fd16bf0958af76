"""On call: who has the turn, who takes whose turn, and the next step when nobody answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fireline.core import escalation, rota
from fireline.core.events import HOUSE, AnyEvent, Log
from fireline.core.refusal import Refused
from fireline.core.roster import ROTA, Roster, roster
from fireline.core.rota import Override, Shift
from fireline.core.runbook.model import Contact
from fireline.settings import Settings
from fireline.store.accounts import Accounts
from fireline.store.overrides import Overrides
from fireline.workflows.library import Library

CARE = timedelta(days=14)  # how far holes in a rotation are looked for
AHEAD = timedelta(days=60)  # how far the next hand-over is looked for


def read(settings: Settings) -> Roster:
    """The rotations, chains and channels of the settings. Raises `Refused(400)` naming what is wrong."""
    on_call = settings.on_call
    return roster(
        layers=on_call.rotations,
        chains=on_call.chains,
        channels={who: one.channels for who, one in settings.people.items()},
        gateways=settings.gateways,
        between=on_call.between,
    )


def worries(found: Roster, at: datetime) -> Iterator[str]:
    """What would go wrong in the coming weeks: turns that nobody has, and people whom nothing reaches."""
    named = {name for ladder in found.ladders for rung in ladder.rungs for name in rung.notify}
    for rotation in found.rotas.values():
        hole = next((one for one in rota.shifts(rotation, at, at + CARE) if one.who is None), None)
        if hole:
            yield f"nobody has the turn of {rotation.name} from {hole.starts_at:%d %b %H:%M} UTC"
    turns = {who for name in named for who in _people(found, name)}
    if mute := sorted(who for who in turns if not found.channels.get(who)):
        yield f"{', '.join(mute)} would be asked and has no channel: [people.{mute[0]}] channels"


def unreachable(settings: Settings) -> Iterator[str]:
    """Channels of people that lead nowhere, because an address or a server is missing: found at noon, not at night."""
    slack = settings.slack is not None
    for who, one in settings.people.items():
        ways = {
            "mail": ((one.mail, "mail"), (settings.smtp, "[smtp]")),
            "ntfy": ((one.ntfy, "ntfy"), (settings.ntfy, "[ntfy]")),
            "slack": ((one.slack or one.mail, "slack (their id there) or mail"), (slack, "[slack]")),
            "apprise": ((one.apprise, "apprise"),),
        } | dict.fromkeys(settings.gateways, ((one.phone, "phone"),))
        for channel in dict.fromkeys(one.channels):
            if missing := [name for there, name in ways.get(channel, ()) if not there]:
                yield f"{who} cannot be asked by {channel}: the settings lack {' and '.join(missing)}"


def _people(found: Roster, name: str) -> tuple[str, ...]:
    return found.rotas[name.removeprefix(ROTA)].people if name.startswith(ROTA) else (name,)


@dataclass(frozen=True, slots=True)
class Standing:
    """One rotation: who has the turn until when, and who has the one after."""

    rotation: str
    now: Shift
    next: Shift | None


@dataclass(frozen=True, slots=True)
class OnCall:
    """Answers who is on call, and keeps overrides."""

    roster: Roster
    overrides: Overrides
    accounts: Accounts
    library: Library
    phones: Mapping[str, str]  # of people, as the settings have them
    now: Callable[[], datetime]

    def go_on(self, log: Log, at: datetime) -> AnyEvent:
        """The deed of the clock that escalates."""
        return escalation.go_on(log, at, roster=self.roster, overrides=self.overrides.coming(at), by=HOUSE)

    def standings(self, at: datetime | None = None) -> tuple[Standing, ...]:
        """Every rotation as it is at this moment; now, without one."""
        at = at or self.now()
        found = []
        for name in self.roster.rotas:
            first, *later = self.plan(name, at, at + AHEAD)
            found.append(Standing(name, first, later[0] if later else None))
        return tuple(found)

    def plan(self, rotation: str, start: datetime, end: datetime) -> tuple[Shift, ...]:
        """Who has the turn when, without a gap. Raises `Refused`."""
        return rota.shifts(self._rota(rotation), start, end, self.overrides.between(start, end))

    def override(
        self, *, rotation: str, who: str, starts_at: datetime | None, ends_at: datetime, by: str, why: str,
        key: str | None = None,
    ) -> Override:  # fmt: skip
        """Give somebody the turn for a while. Raises `Refused(400)` naming the field that is wrong."""
        self._rota(rotation)
        if who not in self.people:
            raise Refused(f"There is no person {who} here.", status=400, field="who")
        made = rota.make_override(
            rotation=rotation, who=who, starts_at=starts_at, ends_at=ends_at, by=by, why=why, at=self.now()
        )
        return self.overrides.add(made, key=key)

    def take_back(self, number: int, *, by: str, key: str | None = None) -> Override:
        """End an override now. Raises `Refused` when there is none, or it is over."""
        return self.overrides.end(number, by=by, at=self.now(), key=key)

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who can take a turn: who is in a rotation, who can be reached, and who has an account."""
        turns = (who for one in self.roster.rotas.values() for who in one.people)
        return tuple(dict.fromkeys([*turns, *self.roster.channels, *(one.handle for one in self.accounts.people())]))

    def contacts(self) -> tuple[Contact, ...]:
        """Whom the main runbook says to call."""
        return self.library.main.contacts if self.library.main else ()

    def _rota(self, rotation: str) -> rota.Rota:
        found = self.roster.rotas.get(rotation)
        if found is None:
            known = ", ".join(self.roster.rotas) or "none yet: [[on_call.rotations]] in the settings makes one"
            raise Refused(f"There is no rotation {rotation}. There is {known}.", status=404)
        return found
