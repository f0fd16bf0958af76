"""`fireline incident update`, `snooze` and `brief`: tell your own people, and be told."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from fireline.cli.incident_deed import Number, deed
from fireline.cli.server import Json, Token, Url, server
from fireline.cli.speak import as_json, clock, say

Actions = Annotated[str | None, Parameter(help="What is being done. The draft's words without.")]


def update(
    number: Number, actions: Actions = None, /, *,
    send: Annotated[bool, Parameter(negative="", help="Send the draft as it stands.")] = False,
    users: Annotated[str | None, Parameter(help="How many are affected, or unknown.")] = None,
    services: Annotated[str | None, Parameter(help="Which are degraded: cart,search; none; or unknown.")] = None,
    needs: Annotated[str, Parameter(help="What would help.")] = "",
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Show the next update as it would go out; send it with words of your own, or with --send.

    Nothing is sent by itself.
    """
    told = server(url, token).get(f"/incidents/{number}/updates")
    draft = told["draft"]
    if actions is None and not send:
        as_json(told) if json else _show(number, draft)
        return
    body: dict[str, Any] = {"actions": actions or draft["actions"]}
    body |= {"users": draft["users"] if users is None else _users(users)}
    body |= {"needs": needs} if needs else {}
    body |= {"services": draft["services"] if services is None else _services(services)}
    deed(number, "updates", body, url, token, json=json)


def snooze(
    number: Number, minutes: Annotated[int, Parameter(help="From now.")], /, *,
    reason: Annotated[str, Parameter(name=["--reason", "-r"], help="Why people have to wait longer.")],
    audience: Annotated[str, Parameter(help="internal or public.")] = "internal", url: Url = None, token: Token = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Move the next update, and say why."""
    deed(number, "snoozes", {"audience": audience, "minutes": minutes, "reason": reason}, url, token, json=json)


def brief(number: Number, /, *, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Catch up in ten lines: what, since when, who commands, seen, tried, waits, next update."""
    told = server(url, token).get(f"/incidents/{number}/brief")
    if json:
        return as_json(told)
    for one in told["lines"]:
        say(f"{one['label'] + ':':<13}{one['text']}")
    return None


def _show(number: int, draft: dict[str, Any]) -> None:
    say(draft["line"])
    if draft["text"]:
        say()
        say(draft["text"])
        say()
        say(f"Not sent. `fireline incident update {number} --send` sends it; other words may follow the number.")
    else:
        say(f"  {draft['actions']}")
        say(f"It cannot go out so: {draft['problem']}")
    if draft["next_update_at"]:
        say(f"The next one is due {clock(draft['next_update_at'])} UTC.")


def _users(text: str) -> int | str:
    from fireline.core.update import impact

    count, _ = impact(text, "")
    return "unknown" if count is None else count


def _services(text: str) -> list[str] | str:
    from fireline.core.update import impact

    _, names = impact("", text)
    return "unknown" if names is None else list(names)
