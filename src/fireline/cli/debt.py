"""`fireline debt`: what is changed only for the time being, through the running fireline."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from fireline.cli.incident_deed import Number, deed
from fireline.cli.server import Json, Token, Url, server
from fireline.cli.speak import as_json, clock, table

app = App(name="debt", help="What is changed only for the time being: list it, own it, take it back.")

Owed = Annotated[int, Parameter(help="Its number in `debt list`.")]
Said = Annotated[str, Parameter(help="How, in a sentence; the review prints it.")]


@app.command(name="list")
def list_(number: Number, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """List the stopgaps of an incident: who answers for each, until when, how to take it back."""
    found = server(url, token).get(f"/incidents/{number}")["debts"]
    if json:
        return as_json(found)
    rows = [
        (str(one["number"]), one["state"], one["what"], one["owner"] or "nobody", clock(one["until"]), one["undo"])
        for one in found
    ]
    return table("", ("stopgap", "state", "what", "owner", "until (UTC)", "undo"), rows)


@app.command
def add(
    number: Number, what: Annotated[str, Parameter(help="What is changed for the time being.")], /, *,
    undo: Annotated[str, Parameter(help="The command that takes it back.")] = "",
    minutes: Annotated[float | None, Parameter(help="After how many to ask again.")] = None,
    owner: Annotated[str, Parameter(help="Who answers for it; you without.")] = "",
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Tell of something that was changed by hand for the time being."""
    body = {"what": what, "undo": undo, "owner": owner, "minutes": minutes}
    deed(number, "debts", body, url, token, json=json)


@app.command
def own(
    number: Number, owed: Owed, owner: Annotated[str, Parameter(help="A person's handle.")],
    due: Annotated[str, Parameter(help="Until when: 2026-11-30T12:00:00Z.")], /, *,
    plan: Annotated[str, Parameter(help="What they will do about it.")] = "",
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Give it to a named person with a date; the incident may close then."""
    deed(number, f"debts/{owed}/owner", {"owner": owner, "due_at": due, "plan": plan}, url, token, json=json)


@app.command
def undo(number: Number, owed: Owed, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Ask for its undo command; somebody else has to say yes."""
    deed(number, f"debts/{owed}/undoing", None, url, token, json=json)


@app.command
def settle(
    number: Number, owed: Owed, said: Said, /, *,
    permanent: Annotated[bool, Parameter(negative="", help="It stays on purpose.")] = False,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Say that it was taken back by hand, or that it stays on purpose."""
    deed(number, f"debts/{owed}/settlement", {"said": said, "permanent": permanent}, url, token, json=json)
