"""`fireline incident public`: what the public is told of an incident, drafted and approved through the running one."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from fireline.cli.approval import Sure, _sure
from fireline.cli.incident_deed import Number
from fireline.cli.server import Json, Token, Url, server
from fireline.cli.speak import as_json, clock, say
from fireline.core.refusal import Refused

app = App(name="public", help="What the public is told of an incident.")
Update = Annotated[int, Parameter(help="The update's number in `incident public list`.")]


@app.command(name="list")
def list_(number: Number, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Show every update: what it says, who approved it, and where it arrived."""
    told = server(url, token).get(f"/incidents/{number}/public-updates")
    if json:
        return as_json(told)
    say(f"INC-{number}: the public reads {told['status'] or 'nothing yet'}.")
    for one in told["updates"]:
        _show(one)
    return None


@app.command
def draft(
    number: Number, /, *,
    status: Annotated[str | None, Parameter(help="Investigating, Identified, Monitoring or Resolved.")] = None,
    title: Annotated[str | None, Parameter(help="What the public calls it. The last title without.")] = None,
    text: Annotated[str | None, Parameter(help="The words. The runbook's own for the status without.")] = None,
    impact: Annotated[str | None, Parameter(help="none, minor, major or critical.")] = None,
    component: Annotated[list[str], Parameter(help="Once for each: Checkout=partial_outage.")] | None = None,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Write down words for the public. Nobody outside reads them before somebody says yes."""
    given: dict[str, Any] = {"status": status and status.capitalize(), "title": title, "text": text, "impact": impact}
    given["components"] = dict(_component(one) for one in component) if component else None
    body = {name: value for name, value in given.items() if value is not None}
    told = server(url, token).post(f"/incidents/{number}/public-updates", body)
    as_json(told) if json else _show(told["updates"][-1])


@app.command
def approve(
    number: Number, update: Update, /, *,
    meant: Annotated[bool, Parameter(negative="", help="What the check found may go out.")] = False, yes: Sure = False,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Read a draft and publish exactly its words."""
    house = server(url, token)
    told = house.get(f"/incidents/{number}/public-updates")
    one = next((one for one in told["updates"] if one["number"] == update), None)
    if one is None or one["state"] != "draft":
        raise Refused(f"There is no draft {update} in INC-{number}.", status=404)
    if not json:
        _show(one)
    _sure(yes, "Type yes to publish exactly these words: ")
    body = {"shown": one["digest"], "meant": meant}
    told = house.post(f"/incidents/{number}/public-updates/{update}/yes", body)
    as_json(told) if json else say(f"Approved. It goes to {' and '.join(told['places'])}.")


@app.command
def withdraw(
    number: Number, update: Update, /, *,
    reason: Annotated[str, Parameter(name=["--reason", "-r"], help="Why it will not be published.")],
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Take a draft back, or say no to it."""
    told = server(url, token).post(f"/incidents/{number}/public-updates/{update}/no", {"reason": reason})
    as_json(told) if json else say(f"Draft {update} will not be published.")


def _show(one: dict[str, Any]) -> None:
    who = f", approved by {one['approved_by']} {clock(one['approved_at'])} UTC" if one["approved_by"] else ""
    say(f"\n{one['number']}. {one['status']}: {one['title']} ({one['state']}, by {one['drafted_by']}{who})")
    say(one["text"])
    for name, state in one["components"].items():
        say(f"  {name}: {state}")
    for found in one["findings"]:
        say(f"  {'Stops it' if found['stops'] else 'Is it meant?'} {found['said']}")
    for place in one["places"]:
        because = f" ({place['reason'] or place['note']})" if place["reason"] or place["note"] else ""
        say(f"  {place['place']}: {place['state']}{because} {place['link']}".rstrip())
    if one["withdrawn_because"]:
        say(f"  Taken back: {one['withdrawn_because']}")


def _component(text: str) -> tuple[str, str]:
    name, is_, state = text.rpartition("=")
    if not is_:
        raise Refused(f"Write a component as Checkout=partial_outage, not {text!r}.", status=400)
    return name.strip(), state.strip()
