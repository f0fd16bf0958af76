"""`fireline lease`: tunnels that are open for a while."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from fireline.cli.incident_deed import Number, Reason, deed
from fireline.cli.server import Json, Token, Url, server
from fireline.cli.speak import as_json, clock, table

app = App(name="lease", help="Tunnels that are open for a while.")


@app.command(name="list")
def list_(number: Number, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """List the tunnels of an incident, and how long each stays open."""
    found = server(url, token).get(f"/incidents/{number}")["leases"]
    if json:
        return as_json(found)
    rows = [(str(one["number"]), one["why"] or "open", clock(one["until"]), one["command"]) for one in found]
    return table("", ("tunnel", "state", "until (UTC)", "command"), rows)


@app.command
def end(
    number: Number, lease: Annotated[int, Parameter(help="Its number in `lease list`.")], /, *, url: Url = None,
    token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Close a tunnel before its time is over."""
    deed(number, f"leases/{lease}/end", None, url, token, json=json)


def restart(
    number: Number, workload: Annotated[str, Parameter(help="deployment/NAME or statefulset/NAME.")],
    pods: Annotated[list[str], Parameter(help="The pods, one after another.")], /, *,
    namespace: Annotated[str, Parameter(name=["--namespace", "-n"], help="Where they run.")], reason: Reason,
    minimum: Annotated[int, Parameter(help="How many stay ready all the time.")] = 1,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Ask to restart pods one by one; the first that does not come back ends it."""
    body = {"workload": workload, "namespace": namespace, "pods": pods, "minimum": minimum, "reason": reason}
    deed(number, "restarts", body, url, token, json=json)
