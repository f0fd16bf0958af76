"""`fireline declare`: say that something is wrong. It waits for nobody."""

from __future__ import annotations

import gc
import getpass
import os
import uuid
from typing import Annotated, Any

from cyclopts import Parameter

from fireline.cli.server import Json, NoServer, Server, Token, Url, base
from fireline.cli.speak import as_json, say
from fireline.core.refusal import Refused

SAID = (
    "number", "name", "title", "severity", "severity_name", "severity_why", "status", "scenario", "acknowledge_by",
)  # fmt: skip


def declare(
    *words: Annotated[str, Parameter(name="TITLE", help="What is wrong, in a few words; quotes are not needed.")],
    severity: Annotated[
        str | None, Parameter(name=["--severity", "-s"], help="e.g. P1. The runbook decides without.")
    ] = None,
    service: Annotated[str | None, Parameter(help="What is broken.")] = None,
    private: Annotated[
        bool | None, Parameter(help="Only who has a part in it knows of it. The words decide without: a breach is.")
    ] = None,
    as_: Annotated[
        str | None, Parameter(name="--as", help="Your handle, when no server answers. Default: $USER.")
    ] = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Declare an incident.

    Through the running fireline when `$FIRELINE_TOKEN` is set and it answers; else straight into the
    configured database, from where the next `fireline serve` pages and runs the runbook.
    """
    title = " ".join(words)
    key = str(uuid.uuid4())  # the same deed whichever way it goes in, should the first way have half worked
    token = token or os.environ.get("FIRELINE_TOKEN")
    why = "$FIRELINE_TOKEN is not set"
    if token:
        try:
            made = _through(Server(base(url), token.strip()), title, severity, service, key, private=private)
        except NoServer as nobody:
            why = nobody.sentence.rstrip(".")
        else:
            _tell(made, json=json)
            return
    _tell(
        _straight(title=title, severity=severity, service=service, key=key, handle=as_, why=why, private=private),
        json=json,
    )


def _through(
    server: Server, title: str, severity: str | None, service: str | None, key: str, *, private: bool | None
) -> dict[str, Any]:
    body = {"title": title, "severity": severity, "service": service, "private": private}
    made = server.post("/incidents", {name: value for name, value in body.items() if value is not None}, key=key)
    return {**_short(made), "written": "server", "where": server.url}


def _straight(
    *,
    title: str,
    severity: str | None,
    service: str | None,
    key: str,
    handle: str | None,
    why: str,
    private: bool | None,
) -> dict[str, Any]:
    gc.disable()  # this process ends in a second; looking for garbage is a fifth of what it would do until then

    from fireline.core.people import must_act
    from fireline.desk import desk
    from fireline.settings import load
    from fireline.store.ledger import door_key

    house = desk(load())  # not the whole house: importing that takes longer than declaring
    house.database.migrate()
    house.durable.prepare()
    house.library.load()
    person = house.accounts.find(_handle(handle, [one.handle for one in house.accounts.people()]))
    must_act(person)
    made = house.declare.by_person(
        title,
        by=person.handle,
        severity=severity,
        service=service,
        key=door_key("/api/v1/incidents", key),
        private=private,
    )
    # as the API says it, without the API, for the same reason
    facts = {
        name: getattr(made.declared if name in {"title", "severity_why", "scenario"} else made, name) for name in SAID
    }
    where = house.database.url.render_as_string(hide_password=True)
    house.database.close()
    return {**_short(facts), "written": "database", "where": where, "why": why}


def _handle(told: str | None, known: list[str]) -> str:
    """Whose name the declaration bears: as told, else whoever is logged in, when fireline knows them."""
    if not known:
        raise Refused("fireline knows nobody yet. `fireline people add HANDLE NAME` adds you.", status=403)
    if told:
        return told
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        user = ""
    if user not in known:
        names = " or ".join(known[:5])
        raise Refused(f"fireline knows no {user or 'such user'}. Say who you are: --as {names}.", status=403)
    return user


def _short(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: facts[name] for name in SAID}


def _tell(made: dict[str, Any], *, json: bool) -> None:
    if json:
        as_json(made)
        return
    say(f"{made['name']} declared: {made['severity']} {made['title']}")
    say(f"  {made['severity_why']}" + (f" Scenario: {made['scenario']}." if made["scenario"] else ""))
    if made["written"] == "server":
        say(f"  Through {made['where']}.")
    else:
        say(f"  Written straight into {made['where']}, because {made['why']}.")
        say("  Paging and the runbook begin as soon as a `fireline serve` runs on this database.")
