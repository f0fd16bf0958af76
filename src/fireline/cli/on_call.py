"""`fireline on-call`: who is on call, the plan, overrides, phone numbers, and moving in from another system.

Who is on call can be asked while no fireline runs: the settings say it, and only overrides are missing then.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import App, Parameter

from fireline import clock
from fireline.cli.house import Config
from fireline.cli.server import Json, NoServer, Token, Url, server
from fireline.cli.speak import as_json, say, table
from fireline.cli.speak import clock as written
from fireline.core.refusal import Refused

app = App(name="on-call", help="Who is on call, and who takes whose turn.")

At = Annotated[str, Parameter(help="A moment: 2026-11-24T02:00 (UTC), or with its offset. Now, without.")]


@app.default
def show(*, at: At = "", url: Url = None, token: Token = None, config: Config = None, json: Json = False) -> None:
    """Say who is on call in each rotation, and whom to call when nothing else works."""
    moment = _time(at) if at else clock.now()
    why = "" if token or os.environ.get("FIRELINE_TOKEN") else "$FIRELINE_TOKEN is not set."
    try:
        found = _alone(moment, config) if why else server(url, token).get(f"/on-call?at={_in_query(moment)}")
    except NoServer as nobody:
        found, why = _alone(moment, config), nobody.sentence
    if json:
        return as_json(found)
    if why:
        say(f"From the settings alone, without overrides: {why}")
    rows = [
        (one["rotation"], one["who"] or "nobody", written(one["until"]), one["next"] or "", _why(one["override"]))
        for one in found["rotations"]
    ]
    table("", ("rotation", "on call", "until (UTC)", "then", "override"), rows)
    numbers = [(who, "", phone) for who, phone in found["phones"].items()]
    numbers += [(one["role"], one["contact"], one["phone"] or "") for one in found["contacts"]]
    return table("Call", ("who", "contact", "phone"), numbers) if numbers else None


@app.command
def plan(
    rotation: Annotated[str, Parameter(help="As `fireline on-call` says.")], /, *,
    from_: Annotated[str, Parameter(name="--from", help="Now, without.")] = "",
    to: Annotated[str, Parameter(help="14 days later, without.")] = "",
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """List the shifts of a rotation."""
    query = "&".join(f"{name}={_in_query(_time(text))}" for name, text in (("from", from_), ("to", to)) if text)
    found = server(url, token).get(f"/on-call/{rotation}/shifts?{query}")
    if json:
        return as_json(found)
    rows = [
        (written(one["starts_at"]), written(one["ends_at"]), one["who"] or "nobody", _why(one["override"]))
        for one in found["shifts"]
    ]
    return table("", ("from (UTC)", "until (UTC)", "on call", "override"), rows)


@app.command
def override(
    who: Annotated[str, Parameter(help="Who takes the turn.")], /, *,
    to: Annotated[str, Parameter(help="Until when: 2026-11-24T08:00 (UTC).")],
    why: Annotated[str, Parameter(help="In a few words.")],
    from_: Annotated[str, Parameter(name="--from", help="From when; now, without.")] = "",
    rotation: Annotated[str, Parameter(help="Whose turn. Needed where there are several rotations.")] = "",
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Give somebody the turn for a while."""
    house = server(url, token)
    if not rotation:
        known = [one["rotation"] for one in house.get("/on-call")["rotations"]]
        if len(known) != 1:
            names = ", ".join(known) or "there is none yet"
            raise Refused(f"Say which rotation, with --rotation: {names}.", status=400)
        (rotation,) = known
    body: dict[str, Any] = {"rotation": rotation, "who": who, "why": why, "ends_at": _time(to).isoformat()}
    made = house.post("/on-call/overrides", body | ({"starts_at": _time(from_).isoformat()} if from_ else {}))
    if json:
        return as_json(made)
    times = f"from {written(made['starts_at'])} until {written(made['ends_at'])} UTC"
    return say(f"{made['who']} has the turn of {made['rotation']} {times} (override {made['number']}).")


@app.command
def take_back(
    number: Annotated[int, Parameter(help="Of the override.")], /, *, url: Url = None, token: Token = None,
    json: Json = False,
) -> None:  # fmt: skip
    """End an override now."""
    ended = server(url, token).post(f"/on-call/overrides/{number}/ending")
    return as_json(ended) if json else say(f"Override {number} is over: {ended['rotation']} goes by its plan again.")


@app.command(name="import")
def import_(
    system: Literal["grafana", "opsgenie", "pagerduty"], /,
    *file: Annotated[Path, Parameter(name="FILE", help="JSON as the system's API gives it.")],
) -> None:  # fmt: skip
    """Read another system's schedules and escalations, and print them as our settings.

    What cannot be carried over stands there as a comment, marked CHECK. Nothing is changed.
    """
    from fireline.core.moving import READERS, toml

    if not file:
        raise Refused("Name at least one file. docs/on-call.md says how to get them.", status=400)
    documents = [_json(one) for one in file]
    try:
        found = READERS[system](documents, clock.now())
    except (LookupError, TypeError, ValueError, AttributeError) as trouble:
        what = f"{type(trouble).__name__}: {trouble}"
        raise Refused(f"This is not what the API of {system} gives ({what}).", status=400) from trouble
    if not (found.people or found.layers or found.chains):
        raise Refused(f"Nothing of {system} was in there: docs/on-call.md says which answers are read.", status=400)
    print(toml(found, system.capitalize()), end="")


def _json(file: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except OSError as trouble:
        raise Refused(f"{file} cannot be read: {trouble.strerror}.", status=404) from trouble
    except (msgspec.DecodeError, RecursionError) as trouble:
        raise Refused(f"{file} is no JSON object: {trouble}.", status=400) from trouble


def _alone(at: datetime, config: Path | None) -> dict[str, Any]:
    """The same answer from the settings and the runbooks, without a server."""
    from fireline.core.rota import LONGEST_LOOK, shifts
    from fireline.settings import load
    from fireline.workflows.library import files, read
    from fireline.workflows.on_call import AHEAD
    from fireline.workflows.on_call import read as read_roster

    settings = load(config)
    roster = read_roster(settings)
    rows = []
    for rotation in roster.rotas.values():
        first, *later = shifts(rotation, at, at + min(AHEAD, LONGEST_LOOK))
        until, then = (first.ends_at.isoformat(), later[0].who) if later else (None, None)
        rows.append({"rotation": rotation.name, "who": first.who, "until": until, "next": then, "override": None})
    books = [read(path) for path in files(settings.runbooks.paths)]
    main = next((book for book in books if book.severities), None)
    contacts = [
        {"role": one.role, "contact": one.contact, "phone": one.phone} for one in (main.contacts if main else ())
    ]
    phones = {who: one.phone for who, one in settings.people.items() if one.phone}
    return {"at": at.isoformat(), "rotations": rows, "phones": phones, "contacts": contacts}


def _why(override: dict[str, Any] | None) -> str:
    return f"{override['number']}, by {override['by']}: {override['why']}" if override else ""


def _in_query(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        sentence = f"{text!r} is no time: write 2026-11-24T02:00 (UTC), or 2026-11-24T02:00+01:00."
        raise Refused(sentence, status=400) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
