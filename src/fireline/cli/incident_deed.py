"""What every verb of `fireline incident` does: one deed on one incident, told in one line."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from fireline.cli.server import server
from fireline.cli.speak import as_json, say

Number = Annotated[int, Parameter(help="142 for INC-142.")]
Reason = Annotated[str, Parameter(name=["--reason", "-r"], help="In a sentence; the review prints it.")]


def deed(
    number: int, noun: str, body: dict[str, Any] | None, url: str | None, token: str | None, *, json: bool
) -> None:
    """Do it through the running fireline, and say how the incident stands afterwards."""
    one = server(url, token).post(f"/incidents/{number}/{noun}", body)
    as_json(one) if json else say(line(one))


def line(one: dict[str, Any]) -> str:
    """An incident in one line."""
    who = one["acknowledged_by"] or "nobody yet"
    shut = sum(not gate["open"] for gate in one["gates"])
    gates = f"{shut} of {len(one['gates'])} gates shut" if one["status"] != "Resolved" else "every gate open"
    command = f" Commander: {one['commander']}." if one["commander"] else ""
    return f"{one['name']} {one['severity']} {one['status']}: {one['title']}. Acknowledged by {who}; {gates}.{command}"
