"""A drill on paper: which runbook, what breaks, who is there, and what has to come of it.

A drill is a TOML file a team keeps beside its runbooks; examples/drills/ has two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from fireline.core.refusal import Refused
from fireline.drills.world import Fault, Kind


class People(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who takes part, by name. The second one is another person: nobody says yes to themselves."""

    on_call: str
    second: str


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What has to come of the drill for it to have gone well."""

    severity: str
    status: Literal["Investigating", "Identified", "Monitoring", "Resolved"]
    verified_by: str  # the runbook's command, as it stands there, that shows the repair has worked


class Drill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One drill. `runbook` and `otherwise` are absolute once read; `repair` is what the person on call asks for.

    `watch_speed` is how many times faster than real the green minutes pass (60: half an hour in half
    a minute). `otherwise` is the drill to run where this world's packages are missing. `alert` is
    what the probe calls its alarm in a small world; in the real one Prometheus has the name.
    """

    title: str
    runbook: Path
    scenario: str
    world: Kind
    fault: Fault
    repair: str
    people: People
    expect: Expected
    alert: str | None = None
    otherwise: Path | None = None
    watch_speed: Annotated[float, msgspec.Meta(ge=1)] = 1


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
    if drill.world == "small" and drill.alert is None:
        raise Refused(f"{path}: a small world needs `alert`, the name the probe gives its alarm.", status=400)
    here = path.resolve().parent
    otherwise = drill.otherwise and (here / drill.otherwise).resolve()
    return msgspec.structs.replace(drill, runbook=(here / drill.runbook).resolve(), otherwise=otherwise)


def _decoded(kind: type, value: object) -> object:
    """Paths are text in TOML."""
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError
