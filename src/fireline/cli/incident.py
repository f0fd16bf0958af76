"""`fireline incident`: look at incidents and move them on, through the running fireline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from fireline.cli.server import Json, Token, Url, server
from fireline.cli.speak import as_json, clock, say, table

app = App(name="incident", help="Look at incidents and move them on.")

Number = Annotated[int, Parameter(help="142 for INC-142.")]
Reason = Annotated[str, Parameter(name=["--reason", "-r"], help="In a sentence; the review prints it.")]
Which = Annotated[Literal["open", "closed", "all"], Parameter(help="Which ones.")]


@app.command(name="list")
def list_(*, state: Which = "open", url: Url = None, token: Token = None, json: Json = False) -> None:
    """List incidents: open ones by severity."""
    query = "" if state == "all" else f"?state={state}"
    rows = server(url, token).get(f"/incidents{query}")
    if json:
        return as_json(rows)
    columns = ("incident", "severity", "status", "title", "declared (UTC)", "acknowledged", "waiting")
    return table(
        "", columns,
        [
            (one["name"] + (" (drill)" if one["drill"] else ""), one["severity"], one["status"], one["title"],
             clock(one["declared_at"]), one["acknowledged_by"] or "nobody", one["waiting"] or "")
            for one in rows["incidents"]
        ],
    )  # fmt: skip


@app.command
def show(number: Number, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Show one incident whole: gates, commands that wait, what ran, alerts, deliveries."""
    one = server(url, token).get(f"/incidents/{number}")
    as_json(one) if json else _whole(one)


@app.command
def timeline(
    number: Number, /, *, after: Annotated[int, Parameter(help="Only events above this number.")] = 0, url: Url = None,
    token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Show what happened, oldest first."""
    told = server(url, token).get(f"/incidents/{number}/timeline?after={after}")
    if json:
        return as_json(told)
    rows = [(clock(one["at"]), one["actor"], one["sentence"]) for one in told["entries"]]
    return table("", ("time (UTC)", "who", "what"), rows)


@app.command
def ack(number: Number, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Say that you have it. The first acknowledgement stops the response clock."""
    _deed(number, "acknowledgement", None, url, token, json=json)


@app.command
def note(
    number: Number, text: Annotated[str, Parameter(help="What was seen or decided.")], /, *,
    happened_at: Annotated[str | None, Parameter(help="When, if told afterwards: 2026-11-23T03:10:00Z.")] = None,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Write down what was seen or decided."""
    body = {"text": text} | ({"happened_at": happened_at} if happened_at else {})
    _deed(number, "notes", body, url, token, json=json)


@app.command
def status(
    number: Number, status: Annotated[str, Parameter(help="Investigating, Identified or Monitoring.")], /, *,
    why: str = "", url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Move to another status, forward or back."""
    _deed(number, "status", {"status": status.capitalize(), "why": why}, url, token, json=json)


@app.command
def severity(
    number: Number, severity: Annotated[str, Parameter(help="e.g. P1.")], /, *, reason: Reason, url: Url = None,
    token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Judge the severity anew; the response target follows."""
    _deed(number, "severity", {"severity": severity, "reason": reason}, url, token, json=json)


@app.command(name="root-cause")
def root_cause(
    number: Number, text: Annotated[str, Parameter(help="What was wrong.")], /, *,
    unknown: Annotated[bool, Parameter(negative="", help="Nobody knows, and that is accepted for now.")] = False,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """State the root cause; this opens its gate."""
    _deed(number, "root-cause", {"text": text, "known": not unknown}, url, token, json=json)


@app.command
def tick(
    number: Number, gate: Annotated[str, Parameter(help="Its key in `incident show`: g3.")], /, *, url: Url = None,
    token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Vouch for a gate that cannot be measured."""
    _deed(number, f"gates/{gate}/tick", None, url, token, json=json)


@app.command
def override(
    number: Number, gate: Annotated[str, Parameter(help="Its key in `incident show`: g3.")], /, *, reason: Reason,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Set a gate aside, with the reason the review will print."""
    _deed(number, f"gates/{gate}/override", {"reason": reason}, url, token, json=json)


@app.command
def resolve(number: Number, /, *, why: str = "", url: Url = None, token: Token = None, json: Json = False) -> None:
    """It is over. Refused with the gates that are still shut."""
    _deed(number, "resolution", {"why": why}, url, token, json=json)


@app.command
def review(
    number: Number, /, *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], help="Write it to this file.")] = None,
    url: Url = None, token: Token = None,
) -> None:  # fmt: skip
    """Print the post-mortem, drafted from the log as Markdown."""
    text = server(url, token).text(f"/incidents/{number}/review")
    if output is None:
        print(text, end="")
        return
    from fireline.core.refusal import Refused

    try:
        output.write_text(text, "utf-8")
    except OSError as trouble:
        raise Refused(f"{output} cannot be written: {trouble.strerror}.") from trouble
    say(f"The review of INC-{number} is in {output}.")


def _deed(
    number: int, noun: str, body: dict[str, Any] | None, url: str | None, token: str | None, *, json: bool
) -> None:
    one = server(url, token).post(f"/incidents/{number}/{noun}", body)
    as_json(one) if json else say(_line(one))


def _line(one: dict[str, Any]) -> str:
    who = one["acknowledged_by"] or "nobody yet"
    shut = sum(not gate["open"] for gate in one["gates"])
    gates = f"{shut} of {len(one['gates'])} gates shut" if one["status"] != "Resolved" else "every gate open"
    return f"{one['name']} {one['severity']} {one['status']}: {one['title']}. Acknowledged by {who}; {gates}."


def _whole(one: dict[str, Any]) -> None:
    say(_line(one))
    say(f"  Severity: {one['severity_why']}")
    if one["scenario"]:
        say(f"  Scenario: {one['scenario']}. {one['match_why']}")
    if not one["acknowledged_at"]:
        missed = " - missed" if one["acknowledgement_missed"] else ""
        say(f"  Acknowledge by {clock(one['acknowledge_by'])} UTC{missed}: fireline incident ack {one['number']}")
    if one["root_cause"]:
        say(f"  Root cause: {one['root_cause']}")
    gates = [(gate["key"], "open" if gate["open"] else "shut", gate["text"], gate["detail"]) for gate in one["gates"]]
    table("\nGates", ("key", "", "condition", "because"), gates)
    asks = [
        (ask["number"], ask["state"], ask["effect"], f"{len(ask['yes'])} of {ask['yes_needed']}", ask["asked_by"],
         ask["command"]) for ask in one["approvals"]
    ]  # fmt: skip
    table("\nApprovals", ("#", "state", "effect", "yes", "asked by", "command"), asks)
    runs = [(clock(r["started_at"]), r["state"], r["exit_code"], r["title"], r["summary"]) for r in one["runs"]]
    table("\nCommands that ran", ("time (UTC)", "ended", "exit", "step", "said"), runs)
    if one["skipped"]:
        table("\nSkipped", ("step", "because"), [(step["title"], step["reason"]) for step in one["skipped"]])
    alerts = [("firing" if a["firing"] else "over", a["name"], a["source"], a["summary"]) for a in one["alerts"]]
    table("\nAlerts", ("", "name", "source", "says"), alerts)
    if one["deliveries"]:
        sent = [(d["state"], d["vendor"], d["what"], d["reason"]) for d in one["deliveries"]]
        table("\nDeliveries", ("state", "to", "what", "because"), sent)
