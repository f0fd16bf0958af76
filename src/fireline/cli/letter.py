"""`fireline incident letter`: mail to customers, written, tried out and approved through the running one."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from fireline.cli.approval import Sure, _sure
from fireline.cli.incident_deed import Number
from fireline.cli.server import Json, Server, Token, Url, server
from fireline.cli.speak import as_json, clock, say, table
from fireline.core.refusal import Refused

app = App(name="letter", help="Mail to customers.")
Letter = Annotated[int, Parameter(help="The letter's number in `incident letter list`.")]
Reason = Annotated[str, Parameter(name=["--reason", "-r"], help="Why not.")]
Choice = Annotated[str | None, Parameter(help='How the subject begins: FYI or "Action Required".')]
Time = Annotated[str | None, Parameter(help="UTC: 2026-11-24T02:00. As the log knows it, without.")]
Words = Annotated[str | None, Parameter(help="In words that customers know; lines are points of a list.")]
Whole = Annotated[str | None, Parameter(help="All of it, instead of the runbook's own words.")]
Service = Annotated[list[str], Parameter(help="Whose customers: once for each; * is everybody.")]


@app.command(name="list")
def list_(number: Number, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Show every letter, how far it is, and the copies that somebody should look at."""
    house = server(url, token)
    told = house.get(f"/incidents/{number}/letters")
    if json:
        return as_json(told)
    if not told["letters"]:
        say(f"INC-{number}: customers were not written to yet.")
    for one in told["letters"]:
        _show(one)
        if set(one["counts"]) & {"unknown", "refused", "bounced", "failed"}:
            rows = house.get(f"/incidents/{number}/letters/{one['number']}/copies")["copies"]
            columns = ("customer", "address", "state", "since (UTC)", "why")
            table("", columns, [(row["customer"], row["mail"], row["state"], clock(row["since"]), row["reason"])
                                for row in rows])  # fmt: skip
    return None


@app.command
def preview(
    number: Number, /, *, choice: Choice = None, from_: Annotated[Time, Parameter(name="--from")] = None,
    until: Time = None, impact: Words = None, cause: Words = None, resolution: Words = None, prevention: Words = None,
    subject: Whole = None, text: Whole = None, service: Service | None = None, url: Url = None, token: Token = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Show a letter as it would be kept. Nothing is."""
    body = _body(choice=choice, began=from_, ended=until, impact=impact, cause=cause, resolution=resolution,
                 prevention=prevention, subject=subject, text=text, services=service)  # fmt: skip
    told = server(url, token).post(f"/incidents/{number}/letters/preview", body)
    as_json(told) if json else _words(told)


@app.command
def draft(
    number: Number, /, *, choice: Choice = None, from_: Annotated[Time, Parameter(name="--from")] = None,
    until: Time = None, impact: Words = None, cause: Words = None, resolution: Words = None, prevention: Words = None,
    subject: Whole = None, text: Whole = None, service: Service | None = None, url: Url = None, token: Token = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Write down a letter. No customer gets it before another person says yes."""
    body = _body(choice=choice, began=from_, ended=until, impact=impact, cause=cause, resolution=resolution,
                 prevention=prevention, subject=subject, text=text, services=service)  # fmt: skip
    told = server(url, token).post(f"/incidents/{number}/letters", body)
    as_json(told) if json else _show(told["letters"][-1])


@app.command(name="test")
def try_out(number: Number, letter: Letter, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Send a draft to yourself, and to nobody else."""
    told = server(url, token).post(f"/incidents/{number}/letters/{letter}/test")
    as_json(told) if json else say(f"Sent to {told['to']}.")


@app.command
def approve(
    number: Number, letter: Letter, /, *,
    meant: Annotated[bool, Parameter(negative="", help="What the check found may go out.")] = False, yes: Sure = False,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Read a draft and send exactly its words to exactly this list, once to each."""
    house = server(url, token)
    one = _find(house, number, letter)
    if one["state"] != "draft":
        raise Refused(f"There is no draft {letter} in INC-{number}.", status=404)
    if not json:
        _show(one)
    _sure(yes, f"Type yes to send exactly these words to {one['recipients']:,} customers: ")
    body = {"shown": one["digest"], "meant": meant}
    told = house.post(f"/incidents/{number}/letters/{letter}/yes", body)
    as_json(told) if json else say(f"Approved. Going out to {one['recipients']:,} of our customers.")


@app.command
def withdraw(
    number: Number, letter: Letter, /, *, reason: Reason, url: Url = None, token: Token = None, json: Json = False
) -> None:
    """Take a draft back; of a letter that is going out, send no further copy."""
    told = server(url, token).post(f"/incidents/{number}/letters/{letter}/no", {"reason": reason})
    as_json(told) if json else say(f"Letter {letter} goes to nobody from now on.")


@app.command
def again(
    number: Number, letter: Letter,
    customer: Annotated[int, Parameter(help="The customer's number in `incident letter list`.")], /, *,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Send one copy once more, which did not arrive or of which that is not known."""
    told = server(url, token).post(f"/incidents/{number}/letters/{letter}/copies/{customer}/again")
    as_json(told) if json else say(f"Customer {customer} gets letter {letter} once more.")


def _body(**given: Any) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _find(house: Server, number: int, letter: int) -> dict[str, Any]:
    for one in house.get(f"/incidents/{number}/letters")["letters"]:
        if one["number"] == letter:
            found: dict[str, Any] = one
            return found
    raise Refused(f"There is no letter {letter} in INC-{number}.", status=404)


def _show(one: dict[str, Any]) -> None:
    who = f", approved by {one['approved_by']} {clock(one['approved_at'])} UTC" if one["approved_by"] else ""
    say(f"\n{one['number']}. {one['state']}, by {one['drafted_by']}{who}")
    _words(one)
    counts = ", ".join(f"{count:,} {state}" for state, count in one["counts"].items())
    if counts:
        say(f"  {counts}")
    if one["held_up"] and one["state"] == "going out":
        say(f"  Waits: {one['held_up']}")
    if one["withdrawn_because"]:
        say(f"  Taken back: {one['withdrawn_because']}")


def _words(one: dict[str, Any]) -> None:
    whose = "all customers" if one["services"] == ["*"] else f"customers of {', '.join(one['services']) or 'nothing'}"
    say(f"To {one['recipients']:,}: {whose}\nSubject: {one['subject']}\n\n{one['text']}\n")
    for found in one["findings"]:
        say(f"  {'Stops it' if found['stops'] else 'Is it meant?'} {found['said']}")
