"""`fireline incident`: look at incidents and move them on, through the running fireline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from fireline.cli.incident_deed import Number, Reason, deed, line
from fireline.cli.server import Json, Token, Url, server
from fireline.cli.speak import as_json, clock, say, table

app = App(name="incident", help="Look at incidents and move them on.")
for _word, _place, _help in (
    ("update", "update:update", "Show the next update for your own people as it would go out, and send it."),
    ("snooze", "update:snooze", "Move the next update, and say why."),
    ("brief", "update:brief", "Catch up in ten lines: what, since when, who, seen, tried, waits, next update."),
    ("summary", "liaison:summary", "Show the next summary for stakeholders as it would go out, and send it."),
    ("decide", "liaison:decide", "Write down what was decided, and who had an objection."),
    ("call", "room:call", "Say where people talk, or show the call, the topic and what every chat was told."),
    ("channel-stays", "room:channel_stays", "Let the chat channel stay, or take it out of the archive again."),
    ("checklist", "checklist:checklist", "Show the runbook's checklists with who ticked what; tick an item."),
    ("role", "crew:role", "Offer a role, take it, turn it down, give it up."),
    ("task", "crew:task", "Ask one person to do one thing within so many minutes."),
    ("private", "private:private", "Make an incident private: only who has a part in it knows that it exists."),
    ("open", "private:open_", "Let everybody know of a private incident again."),
    ("readers", "private:app", "Who knows of a private incident."),
    ("restart", "lease:restart", "Ask to restart pods one by one; the first that does not come back ends it."),
    ("cancel", "evidence:cancel", "End a command that runs, with all it has started."),
    ("evidence", "evidence:evidence", "Show what a command said: its ends, a page, or the lines with a word."),
    ("attach", "evidence:attach", "Attach a file as evidence, such as a heap dump."),
    ("public", "public:app", "What the public is told: drafts, the yes, where it arrived."),
    ("letter", "letter:app", "Mail to customers: drafts, the yes, how far it is."),
):
    app.command(f"fireline.cli.{_place}", name=_word, help=_help)

Delivery = Annotated[str, Parameter(help="Its key in `incident deliveries`: pagerduty/1/trigger.")]
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
            (one["name"] + "".join(f" ({mark})" for mark in ("drill", "private") if one[mark]),
             one["severity"], one["status"], one["title"],
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
def changes(number: Number, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Show what changed before it began: pushes, merges, releases, deployments."""
    found = server(url, token).get(f"/incidents/{number}/changes")
    if json:
        return as_json(found)
    rows = [
        (clock(one["at"]), one["service"], one["kind"], one["title"], one["by"], one["sha"][:10], one["url"])
        for one in (*found["of_service"], *found["others"])
    ]
    title = f"In the {found['hours']:g} hours before INC-{number} began"
    return table(title, ("time (UTC)", "service", "what", "title", "by", "commit", "where"), rows)


@app.command
def deliveries(number: Number, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Show what vendors were told, what waits, and how to do by hand what is missing."""
    found = server(url, token).get(f"/incidents/{number}/deliveries")
    as_json(found) if json else _told(found)


@app.command(name="by-hand")
def by_hand(number: Number, delivery: Delivery, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Say that you did by hand what did not arrive; it is not tried any more."""
    told = server(url, token).post(f"/incidents/{number}/deliveries/by-hand", {"delivery": delivery})
    as_json(told) if json else _told(told)


@app.command
def retry(number: Number, delivery: Delivery, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Try now what was given up."""
    told = server(url, token).post(f"/incidents/{number}/deliveries/retry", {"delivery": delivery})
    as_json(told) if json else _told(told)


@app.command
def ack(number: Number, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Say that you have it. The first acknowledgement stops the response clock."""
    deed(number, "acknowledgement", None, url, token, json=json)


@app.command
def note(
    number: Number, text: Annotated[str, Parameter(help="What was seen or decided.")], /, *,
    happened_at: Annotated[str | None, Parameter(help="When, if told afterwards: 2026-11-23T03:10:00Z.")] = None,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Write down what was seen or decided."""
    body = {"text": text} | ({"happened_at": happened_at} if happened_at else {})
    deed(number, "notes", body, url, token, json=json)


@app.command
def status(
    number: Number, status: Annotated[str, Parameter(help="Investigating, Identified or Monitoring.")], /, *,
    why: str = "", url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Move to another status, forward or back."""
    deed(number, "status", {"status": status.capitalize(), "why": why}, url, token, json=json)


@app.command
def severity(
    number: Number, severity: Annotated[str, Parameter(help="e.g. P1.")], /, *, reason: Reason, url: Url = None,
    token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Judge the severity anew; the response target follows."""
    deed(number, "severity", {"severity": severity, "reason": reason}, url, token, json=json)


@app.command(name="root-cause")
def root_cause(
    number: Number, text: Annotated[str, Parameter(help="What was wrong.")], /, *,
    unknown: Annotated[bool, Parameter(negative="", help="Nobody knows, and that is accepted for now.")] = False,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """State the root cause; this opens its gate."""
    deed(number, "root-cause", {"text": text, "known": not unknown}, url, token, json=json)


@app.command
def tick(
    number: Number, gate: Annotated[str, Parameter(help="Its key in `incident show`: g3.")], /, *, url: Url = None,
    token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Vouch for a gate that cannot be measured."""
    deed(number, f"gates/{gate}/tick", None, url, token, json=json)


@app.command
def override(
    number: Number, gate: Annotated[str, Parameter(help="Its key in `incident show`: g3.")], /, *, reason: Reason,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Set a gate aside, with the reason the review will print."""
    deed(number, f"gates/{gate}/override", {"reason": reason}, url, token, json=json)


@app.command
def resolve(number: Number, /, *, why: str = "", url: Url = None, token: Token = None, json: Json = False) -> None:
    """It is over. Refused with the gates that are still shut."""
    deed(number, "resolution", {"why": why}, url, token, json=json)


@app.command
def merge(
    number: Number, /, *, into: Annotated[int, Parameter(help="The incident it is part of.")],
    why: Annotated[str, Parameter(help="Why they are one fault; both logs tell it.")],
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """End an incident as part of another one; its alerts go on there."""
    deed(number, "merge", {"into": into, "why": why}, url, token, json=json)


@app.command
def split(
    number: Number, /, *,
    alert: Annotated[list[str], Parameter(help="Its fingerprint in `incident show --json`; once for each.")],
    why: Annotated[str, Parameter(help="Why they are another fault; both logs tell it.")],
    title: Annotated[str, Parameter(help="Of the new incident. The first alert gives it without.")] = "",
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Let chosen alerts begin an incident of their own."""
    deed(number, "split", {"alerts": alert, "why": why, "title": title}, url, token, json=json)


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


def _told(found: dict[str, Any]) -> None:
    """Deliveries for people: each with its state and key, and below how to do by hand what is missing."""
    rows = [
        (one["state"], one["vendor"], one["what"], one["reason"] or one["note"] or one["link"], clock(one["again_at"]),
         one["key"]) for one in found["deliveries"]
    ]  # fmt: skip
    table("", ("state", "to", "what", "because", "next try (UTC)", "key"), rows)
    for one in found["deliveries"]:
        if one["by_hand"]:
            say(f"\n{one['key']} by hand:")
            say(one["by_hand"]["text"])
            for command in one["by_hand"]["lines"]:
                say(f"  {command}")
    if found["phones"]:
        phones = [(one["role"], one["contact"], "no number in the runbook" if one["blank"] else one["phone"])
                  for one in found["phones"]]  # fmt: skip
        table("\nCall", ("role", "who", "phone"), phones)


def _whole(one: dict[str, Any]) -> None:
    say(line(one))
    if one["private"]:
        say(f"  Private: {', '.join(one['readers'])} know of it.")
    say(f"  Severity: {one['severity_why']}")
    if one["scenario"]:
        say(f"  Scenario: {one['scenario']}. {one['match_why']}")
    if not one["acknowledged_at"]:
        missed = " - missed" if one["acknowledgement_missed"] else ""
        say(f"  Acknowledge by {clock(one['acknowledge_by'])} UTC{missed}: fireline incident ack {one['number']}")
    if one["root_cause"]:
        say(f"  Root cause: {one['root_cause']}")
    for due in one["updates_due"]:
        late = " - overdue" if due["late"] else ""
        say(f"  Next update, {due['audience']}: {clock(due['due_at'])} UTC{late}")
    people = [(r["role"], r["who"] or "nobody", r["subject"], ", ".join(r["offered_to"])) for r in one["roles"]]
    table("\nRoles", ("role", "who", "knows", "offered to"), people)
    if one["tasks"]:
        tasks = [(t["number"], t["state"], t["to"], clock(t["due_at"]), t["text"], t["said"]) for t in one["tasks"]]
        table("\nTasks", ("#", "state", "who", "due (UTC)", "what", "said"), tasks)
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
    alerts = [(a["state"], a["name"], a["source"], a["summary"], a["why"], a["fingerprint"]) for a in one["alerts"]]
    table("\nAlerts", ("", "name", "source", "says", "here because", "fingerprint"), alerts)
    if one["deliveries"]:
        sent = [(d["state"], d["vendor"], d["what"], d["reason"]) for d in one["deliveries"]]
        table("\nDeliveries", ("state", "to", "what", "because"), sent)
