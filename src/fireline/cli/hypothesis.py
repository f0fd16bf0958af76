"""`fireline hypothesis`: what may be wrong, what speaks for it, and what it is not."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from fireline.cli.incident_deed import Number, deed
from fireline.cli.server import Json, Token, Url, server
from fireline.cli.speak import as_json, clock, table

app = App(name="hypothesis", help="What may be wrong: propose it, say what speaks for it, rule it out.")

Which = Annotated[int, Parameter(help="Its number in `hypothesis list`.")]
Why = Annotated[str, Parameter(help="In a sentence; the review prints it.")]
Runs = Annotated[tuple[str, ...], Parameter(name="--evidence", help="A run, named in `incident show --json`.")]


@app.command(name="list")
def list_(number: Number, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """List what people think it is, with what was said for and against it."""
    found = server(url, token).get(f"/incidents/{number}/hypotheses")
    if json:
        return as_json(found)
    rows = [
        (one["number"] if n == 0 else "", one["text"] if n == 0 else "", said["what"], clock(said["at"]), said["by"],
         said["reason"], ", ".join(said["evidence"]))
        for one in found["hypotheses"] for n, said in enumerate(one["said"])
    ]  # fmt: skip
    return table("", ("#", "it may be", "", "time (UTC)", "who", "because", "runs"), rows)


@app.command
def propose(
    number: Number, text: Annotated[str, Parameter(help="What may be wrong.")], /, *, reason: Why = "",
    evidence: Runs = (), url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Say what may be wrong."""
    body = {"text": text, "reason": reason, "evidence": evidence}
    deed(number, "hypotheses", body, url, token, json=json)


@app.command
def support(
    number: Number, which: Which, reason: Why, /, *, evidence: Runs = (), url: Url = None, token: Token = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Say what speaks for it."""
    body = {"reason": reason, "evidence": evidence}
    deed(number, f"hypotheses/{which}/support", body, url, token, json=json)


@app.command(name="rule-out")
def rule_out(
    number: Number, which: Which, reason: Why, /, *, evidence: Runs = (), url: Url = None, token: Token = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Say why it is not that."""
    body = {"reason": reason, "evidence": evidence}
    deed(number, f"hypotheses/{which}/ruling-out", body, url, token, json=json)
