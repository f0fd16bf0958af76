"""`fireline palette`: the runbook's commands at hand, found by a word, filled in by choosing, and run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from cyclopts import App, Parameter

from fireline.cli.incident_deed import Number
from fireline.cli.server import Json, Server, Token, Url, server
from fireline.cli.speak import as_json, plain, say, table
from fireline.core.refusal import Refused

app = App(name="palette", help="The runbook's commands at hand: find one, fill it in, run it.")

Step = Annotated[str, Parameter(help="Its step in `palette list`.")]
Values = Annotated[
    tuple[str, ...],
    Parameter(name="--value", negative="", help="A blank's value, as pod_name=web-1; once for each blank."),
]
WAYS = {"look": "runs at once", "ask": "waits for a yes", "tunnel": "a tunnel, for a while", "terminal": "to type"}


@app.command(name="list")
def list_(
    number: Number, text: Annotated[str, Parameter(help="Words that it has: logs, top nodes.")] = "", /, *,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """List the commands at hand, and what choosing each leads to."""
    found = server(url, token).get(f"/incidents/{number}/palette?text={quote(text)}")
    if json:
        return as_json(found)
    rows = [
        (one["step"], one["group"], one["title"], WAYS[one["way"]], ", ".join(one["blanks"]))
        for one in found["actions"]
    ]
    return table("", ("step", "where", "what", "", "to fill in"), rows)


@app.command
def show(
    number: Number, step: Step, /, *, value: Values = (), url: Url = None, token: Token = None, json: Json = False
) -> None:
    """Show one as it would run, and what each of its blanks can be."""
    found = _filled(server(url, token), number, step, value)
    if json:
        return as_json(found)
    say(plain(found["command"] or found["action"]["command"], lines=True))
    say(f"  {WAYS[found['action']['way']]}; {found['missing'] or 'nothing is missing'}")
    for one in found["blanks"]:
        whose = f" ({one['source']})" if one["source"] else ""
        say(f"\n{one['name']}: {plain(one['value']) or 'open'}{whose} {one['why']}".rstrip())
        table("", ("it can be", ""), [(choice["value"], choice["about"]) for choice in one["choices"]])
    return None


@app.command
def run(
    number: Number, step: Step, /, *, value: Values = (),
    reason: Annotated[str, Parameter(name=["--reason", "-r"], help="Why; only what reads needs none.")] = "",
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Run it, ask for it, or get it to type: whichever it is. Nothing with an open blank does any of these."""
    house = server(url, token)
    found = _filled(house, number, step, value)
    if not found["command"]:
        raise Refused(found["missing"])
    values, way = _pairs(value), found["action"]["way"]
    if way == "terminal":
        handed = house.post(f"/incidents/{number}/terminals", {"step": step, "values": values})
        return as_json(handed) if json else say(plain(handed["command"], lines=True))
    why = reason or ("To see how it is now" if way == "look" else "")
    asked = house.post(f"/incidents/{number}/approvals", {"step": step, "values": values, "reason": why})
    mine = asked["approvals"][-1]
    if json:
        return as_json(mine)
    then = {"look": "It only reads and runs now", "tunnel": "Asked. After a yes the tunnel is open for a while"}
    return say(f"{then.get(way, 'Asked. Somebody else has to say yes')}: {plain(mine['command'], lines=True)}")


def _filled(house: Server, number: int, step: str, value: Sequence[str]) -> dict[str, Any]:
    _pairs(value)
    query = urlencode([("given", one) for one in value])
    found: dict[str, Any] = house.get(f"/incidents/{number}/palette/{quote(step, safe='')}?{query}")
    return found


def _pairs(value: Sequence[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in value]
    if any(not equals for _, equals, _ in pairs):
        raise Refused("Give values as name=value, such as --value pod_name=web-1.", field="value")
    return {name: text for name, _, text in pairs}
