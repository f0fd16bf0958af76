"""`fireline people`: who may come in. Nobody has a password; a link signs them in."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from cyclopts import App, Parameter

from fireline import clock
from fireline.cli.house import accounts
from fireline.cli.server import Json
from fireline.cli.speak import as_json, say, table
from fireline.settings import load

app = App(name="people", help="Who may come in: add them, make sign-in links.")

Handle = Annotated[str, Parameter(help="Short name: ana, ben.k.")]


@app.command(name="list")
def list_(*, json: Json = False) -> None:
    """List everybody who may come in."""
    with accounts() as house:
        people = house.people()
    if json:
        return as_json([msgspec.to_builtins(one) for one in people])
    return table("", ("handle", "name", "role"), [(one.handle, one.name, one.role) for one in people])


@app.command
def add(
    handle: Handle, *name: Annotated[str, Parameter(name="NAME", help="As people say it; quotes are not needed.")],
    role: Annotated[Literal["viewer", "responder", "admin"], Parameter(help="viewer only looks.")] = "responder",
    json: Json = False,
) -> None:  # fmt: skip
    """Add a person. They come in with a link, see `fireline people link`."""
    with accounts() as house:
        person = house.add(handle, " ".join(name) or handle.capitalize(), role)
    if json:
        return as_json(msgspec.to_builtins(person))
    say(f"{person.name} ({person.handle}) may come in as {person.role}.")
    return say(f"`fireline people link {person.handle}` makes the link.")


@app.command
def link(handle: Handle, *, json: Json = False) -> None:
    """Make a link that signs a person in, once, within 30 minutes."""
    with accounts() as house:
        address = f"{load().base_url}/sign-in/{house.link(handle, clock.now())}"
    if json:
        return as_json({"handle": handle, "link": address})
    return say(address)
