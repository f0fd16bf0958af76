"""`fireline approve`, `decline` and `break-glass`: decide about a command that waits, having read it."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from cyclopts import Parameter

from fireline.cli.incident_deed import Number, Reason
from fireline.cli.server import Json, Server, Token, Url, server
from fireline.cli.speak import as_json, clock, out, plain, say
from fireline.core.refusal import Refused

Ask = Annotated[int, Parameter(help="The approval's number in `incident show`.")]
Typed = Annotated[str, Parameter(name="--target", help="For a last resort: the name of what it hits, typed out.")]
Sure = Annotated[bool, Parameter(name=["--yes", "-y"], negative="", help="Do not ask; the command is still shown.")]


def approve(
    number: Number, ask: Ask, /, *, yes: Sure = False, target: Typed = "", url: Url = None, token: Token = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Read a waiting command and say yes to it.

    The yes is for exactly the bytes that were shown, for one run, within 15 minutes of the ask. A last resort is
    approved by typing the name of what it hits.
    """
    house = server(url, token)
    one = _waiting(house, number, ask)
    _show(one, json=json)
    typed = _typed(one, target)
    if not typed:
        _sure(yes, "Type yes to approve exactly this command: ")
    body = {"shown": _digest(one), "typed": typed}
    _done(house.post(f"/incidents/{number}/approvals/{ask}/yes", body), ask, json=json)


def decline(
    number: Number, ask: Ask, /, *, reason: Reason, url: Url = None, token: Token = None, json: Json = False
) -> None:
    """Say no to a waiting command. Whoever asked may take it back this way."""
    _done(server(url, token).post(f"/incidents/{number}/approvals/{ask}/no", {"reason": reason}), ask, json=json)


def break_glass(
    number: Number, ask: Ask, /, *, reason: Reason, yes: Sure = False, target: Typed = "", url: Url = None,
    token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Run a waiting command without a second yes, because nobody else is there.

    Everybody sees it, and the review prints who and why.
    """
    house = server(url, token)
    one = _waiting(house, number, ask)
    _show(one, json=json)
    typed = _typed(one, target)
    _sure(yes, "Nobody else will have read this. Type yes to run it alone: ")
    body = {"shown": _digest(one), "reason": reason, "typed": typed}
    _done(house.post(f"/incidents/{number}/approvals/{ask}/break-glass", body), ask, json=json)


def _waiting(house: Server, number: int, ask: int) -> dict[str, Any]:
    one = _find(house.get(f"/incidents/{number}"), ask)
    if one["state"] != "waiting":
        raise Refused(f"Approval {ask} of INC-{number} does not wait: it is {one['state']}.")
    return one


def _find(incident: dict[str, Any], ask: int) -> dict[str, Any]:
    for one in incident["approvals"]:
        if one["number"] == ask:
            found: dict[str, Any] = one
            return found
    raise Refused(f"There is no approval {ask} in {incident['name']}.", status=404)


def _show(one: dict[str, Any], *, json: bool) -> None:
    """The whole command, every byte visible, before anybody decides. With JSON it goes to stderr."""
    from rich.console import Console
    from rich.panel import Panel
    from rich.text import Text

    console = Console(stderr=True, highlight=False, markup=False) if json else out()
    console.print(Panel(Text(plain(one["command"], lines=True)), title=Text(plain(one["title"])), title_align="left"))
    seen = one["change"]
    foreseen = [
        ("Target", seen["target"]),
        ("Does", seen["does"]),
        ("Written", seen["asked_as"]),
        ("Preview", seen["preview"] or f"NO PREVIEW: {seen['no_preview']}" if seen["no_preview"] else seen["preview"]),
        ("Hits", seen["blast"]),
        ("Undo", seen["undo"] or (f"NO UNDO: {seen['undone']}" if seen["undone"] else "")),
        ("Gentler", seen["gentler"]),
        ("Runbook", seen["runbook"][:12]),
        ("Caution", f"LAST RESORT: type {seen['name']} to approve it" if seen["last_resort"] else ""),
    ]
    lines = (
        ("Effect", f"{one['effect']}: {one['why']} ({one['rule']})"),
        *((name, text) for name, text in foreseen if text),
        ("Asked by", f"{one['asked_by']} at {clock(one['asked_at'])} UTC, because: {one['reason']}"),
        ("Yes", f"{len(one['yes'])} of {one['yes_needed']}" + (f" ({', '.join(one['yes'])})" if one["yes"] else "")),
        ("Stale at", f"{clock(one['expires_at'])} UTC"), ("Digest", _digest(one)),
    )  # fmt: skip
    if any(back := one["change"]["bound"][2:]):
        lines = (*lines, ("Reverts", f"by itself after {back[1]} minutes, and your yes is to that as well:\n{back[0]}"))
    for name, text in lines:
        shown = plain(text, lines=True).replace("\n", "\n" + " " * 12)
        console.print(Text(f"  {name:9} {shown}"), soft_wrap=True)


def _sure(yes: bool, question: str) -> None:  # noqa: FBT001  # it is the flag itself
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused("Nobody is at this terminal to type yes. Read the command, then say --yes.")
    if input(question).strip().lower() != "yes":
        raise Refused("Not approved: you did not type yes.")


def _typed(one: dict[str, Any], target: str) -> str:
    """The name of what a last resort hits, typed by whoever approves; "" for any other command."""
    if not one["change"]["last_resort"]:
        return ""
    name: str = one["change"]["name"]
    if not target and sys.stdin.isatty():
        target = input(f"This is a last resort. Type the name of what it hits, {name}: ")
    if target.strip() != name:
        raise Refused(f"This is a last resort: type the name of what it hits, with --target {name}.")
    return name


def _digest(one: dict[str, Any]) -> str:
    """Of what was shown, computed here: a yes is to what was read, whatever the server claims."""
    from fireline.core.approval import digest

    seen = one["change"]
    return digest(one["command"], seen["target"], seen["runbook"], *seen["bound"][2:])


def _done(incident: dict[str, Any], ask: int, *, json: bool) -> None:
    one = _find(incident, ask)
    if json:
        as_json(one)
        return
    match one["state"]:
        case "waiting":
            missing = one["yes_needed"] - len(one["yes"])
            say(f"Your yes counts. {missing} more of another person, and it runs.")
        case "declined":
            say(f"Declined: {one['title']} will not run.")
        case _:
            say(f"Approved: {one['title']} runs now, once. See `fireline incident show {incident['number']}`.")
