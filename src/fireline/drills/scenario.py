"""A drill on paper: which runbook, what breaks, who is there, and what has to come of it.

A drill is a TOML file a team keeps beside its runbooks; examples/drills/ has one for each world. One file may hold
variations of its story: the same service, broken in another way, with another way out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from fireline.core.refusal import Refused
from fireline.drills.world import WORLDS, Kind


class People(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who takes part, by name. The second one is another person: nobody says yes to themselves."""

    on_call: str
    second: str


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What has to come of the drill for it to have gone well. `first` is the way out that the evidence points to."""

    severity: str
    status: Literal["Investigating", "Identified", "Monitoring", "Resolved"]
    verified_by: str  # the runbook's command, as it stands there, that shows the repair has worked
    first: str | None = None


class Asking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The person on call asks for the repair, because it has blanks that nobody else can fill; and for its end with it.

    `revert` runs by itself after `revert_minutes`, covered by the same yes.
    """

    values: dict[str, str]
    revert: str = ""
    revert_minutes: Annotated[float, msgspec.Meta(gt=0)] | None = None


class Variation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same drill with another fault; what is not said is as in the drill itself."""

    fault: str
    title: str
    repair: str
    verified_by: str | None = None
    first: str | None = None
    asking: Asking | None = None


class Drill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One drill. `runbook` and `otherwise` are absolute once read; `repair` is the runbook's command that ends it.

    `watch_speed` is how many times faster than real the green minutes pass (60: half an hour in half
    a minute). `otherwise` is the drill to run where this world's packages are missing. `alert` is
    what the probe calls its alarm in a world without Prometheus.
    """

    title: str
    runbook: Path
    scenario: str
    world: Kind
    fault: str
    repair: str
    people: People
    expect: Expected
    alert: str | None = None
    asking: Asking | None = None
    otherwise: Path | None = None
    watch_speed: Annotated[float, msgspec.Meta(ge=1)] = 1
    variations: tuple[Variation, ...] = ()

    @property
    def faults(self) -> tuple[str, ...]:
        """The faults it can be run with, its own first."""
        return (self.fault, *(one.fault for one in self.variations))

    def broken_by(self, fault: str) -> Drill:
        """The drill with another of its faults. Raises `Refused` when it has none such."""
        if fault == self.fault:
            return self
        for one in self.variations:
            if one.fault == fault:
                verified = one.verified_by or self.expect.verified_by
                expect = msgspec.structs.replace(self.expect, verified_by=verified, first=one.first)
                return msgspec.structs.replace(
                    self, title=one.title, fault=fault, repair=one.repair, asking=one.asking, expect=expect
                )
        raise Refused(f"This drill breaks by {', '.join(self.faults)}, not by `{fault}`.", status=400, field="fault")


def read(path: Path) -> Drill:
    """The drill written in this file; Refused, naming file and field, when it is not one."""
    try:
        drill = msgspec.toml.decode(path.read_bytes(), type=Drill, dec_hook=_decoded)
    except FileNotFoundError:
        raise Refused(f"There is no drill at {path}.", status=404) from None
    except msgspec.DecodeError as wrong:
        raise Refused(f"{path} is no drill: {wrong}", status=400) from None
    if drill.people.on_call == drill.people.second:
        raise Refused(f"{path}: on_call and second have to be two people.", status=400)
    if drill.world != "cache" and drill.alert is None:
        raise Refused(
            f"{path}: a world without Prometheus needs `alert`, the name the probe gives its alarm.", status=400
        )
    here = path.resolve().parent
    otherwise = drill.otherwise and (here / drill.otherwise).resolve()
    return msgspec.structs.replace(drill, runbook=(here / drill.runbook).resolve(), otherwise=otherwise)


def found(folder: Path) -> dict[Path, Drill]:
    """The drills of a folder by their files; what is no drill is Refused by its name."""
    if not folder.is_dir():
        raise Refused(f"There is no folder {folder}.", status=404)
    return {path: read(path) for path in sorted(folder.glob("*.toml"))}


def about(drill: Drill) -> str:
    """In a few words what breaks."""
    return WORLDS[drill.world].about


def _decoded(kind: type, value: object) -> object:
    """Paths are text in TOML."""
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError
