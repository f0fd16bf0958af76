"""`fireline incident private`, `open` and `readers`: who may know of an incident."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from fireline.cli.incident_deed import Number, deed
from fireline.cli.server import Json, Token, Url, server
from fireline.cli.speak import as_json, say

app = App(name="readers", help="Who knows of a private incident: show them, let somebody in, take somebody off.")
Why = Annotated[str, Parameter(help="In a sentence; the people on the list read it.")]
Who = Annotated[str, Parameter(help="Their handle.")]


def private(number: Number, /, *, why: Why = "", url: Url = None, token: Token = None, json: Json = False) -> None:
    """Make an incident private: only who has a part in it, and whom they let in, knows that it exists."""
    deed(number, "privacy", {"why": why}, url, token, json=json)


def open_(number: Number, /, *, why: Why, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Let everybody know of a private incident again. Its commander can, and says why."""
    deed(number, "privacy/ending", {"why": why}, url, token, json=json)


@app.command
def show(number: Number, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Show who knows of it."""
    _tell(server(url, token).get(f"/incidents/{number}/readers"), json=json)


@app.command
def add(
    number: Number, who: Who, /, *, why: Why = "", url: Url = None, token: Token = None, json: Json = False
) -> None:
    """Let somebody in. An admin may let themselves in, says why, and everybody on the list reads it."""
    _tell(server(url, token).post(f"/incidents/{number}/readers", {"who": who, "why": why}), json=json)


@app.command
def remove(number: Number, who: Who, /, *, why: Why, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Take somebody off the list."""
    _tell(server(url, token).post(f"/incidents/{number}/readers/{who}/removal", {"why": why}), json=json)


def _tell(found: dict[str, Any], *, json: bool) -> None:
    if json:
        as_json(found)
    elif found["private"]:
        say(f"INC-{found['incident']} is private. These people know of it: {', '.join(found['people'])}.")
    else:
        say(f"INC-{found['incident']} is open: everybody sees it.")
