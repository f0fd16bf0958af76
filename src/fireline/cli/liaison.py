"""`fireline incident summary` and `decide`: tell stakeholders, and write down what was decided."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from fireline.cli.incident_deed import Number, deed
from fireline.cli.server import Json, Token, Url, server
from fireline.cli.speak import as_json, clock, say
from fireline.core.refusal import Refused

Words = Annotated[str | None, Parameter(help="What they read. The draft's words without.")]


def summary(
    number: Number, text: Words = None, /, *,
    send: Annotated[bool, Parameter(negative="", help="Send the draft as it stands.")] = False,
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Show the next summary for stakeholders as it would go out; send it with words of your own, or with --send.

    Nothing is sent by itself.
    """
    told = server(url, token).get(f"/incidents/{number}/summaries")
    draft = told["draft"]
    if text is not None or send:
        deed(number, "summaries", {"text": text or draft["text"]}, url, token, json=json)
        return
    if json:
        as_json(told)
        return
    whom = [*draft["to"], *(["their chat"] if draft["chat"] else [])]
    say(f"To {', '.join(whom)}:" if whom else "The settings name no stakeholders of this severity.")
    say()
    say(draft["text"])
    say()
    say(f"It cannot go out so: {draft['problem']}" if draft["problem"] else "Not sent. --send sends it.")
    if draft["due_at"]:
        say(f"Due {clock(draft['due_at'])} UTC.")


def decide(
    number: Number, text: Annotated[str, Parameter(help="What was decided.")], /, *,
    objections_asked: Annotated[bool, Parameter(negative="", help="You asked for strong objections.")] = False,
    dissent: Annotated[tuple[str, ...], Parameter(help='Who objects, and to what: "ben: the cache is cold".')] = (),
    url: Url = None, token: Token = None, json: Json = False,
) -> None:  # fmt: skip
    """Write a decision down, with the objections that were heard."""
    against = [_objection(one) for one in dissent]
    body = {"text": text, "objections_asked": objections_asked, "dissent": against}
    deed(number, "decisions", body, url, token, json=json)


def _objection(said: str) -> dict[str, str]:
    who, colon, what = said.partition(":")
    if not colon:
        raise Refused("Say an objection as WHO: WHAT, such as “ben: the cache is cold”.", status=400, field="dissent")
    return {"who": who, "what": what}
