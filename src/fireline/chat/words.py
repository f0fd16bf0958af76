"""Words: what somebody typed after `/incident`, read as a wish.

Slack rewrites what people type: it escapes three characters, and makes links, channels and people of words. A command
that is to run needs the very bytes again, so everything is turned back to what was typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fireline.core.refusal import Refused

VERBS = ("declare", "update", "status", "sev", "assign", "run", "brief", "resolve", "help")
HELP = """\
/incident declare [private] [P1] WHAT IS WRONG
/incident brief [INC-142]
/incident status [Identified [WHY]]
/incident sev P1 WHY
/incident update [WHAT IS BEING DONE]
/incident assign commander|deputy|scribe|communications|sme @WHO
/incident assign @WHO [30m] WHAT TO DO
/incident run [COMMAND]
/incident resolve [WHY]
In an incident's own channel the incident is known; elsewhere say INC-142 after the verb."""
# https://docs.slack.dev/messaging/formatting-message-text/#retrieving-messages
MARKED = re.compile(r"<(?P<target>[^<>|]*)(?:\|(?P<label>[^<>]*))?>")
USER = re.compile(r"<@(?P<id>[UW][A-Z0-9]+)(?:\|[^<>]*)?>")
INCIDENT = re.compile(r"INC-(?P<number>\d{1,9})(?:\s+|$)", re.IGNORECASE)
MINUTES = re.compile(r"(?P<minutes>\d{1,4})\s*m(?:in(?:utes)?)?(?:\s+|$)", re.IGNORECASE)
TYPOGRAPHIC = re.compile("[\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u00a0]")  # what keyboards make of ' " - ...
TO = re.compile(r"to(?:\s+|$)")  # "assign commander to @ben"
TASK_MINUTES = 15  # where nobody says how long: the cadence most runbooks have


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants. `number` is the incident where one is named; `rest` is as Slack sent it."""

    verb: str
    number: int | None
    rest: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role (then `text` is its subject) or a task for one person, by Slack id or by handle."""

    user: str  # a Slack user's id, or empty
    handle: str  # a person's handle, or empty
    role: str = ""
    text: str = ""
    minutes: int = TASK_MINUTES


def wish(text: str) -> Wish:
    """Read a command's text. Raises `Refused` naming the verbs there are."""
    verb, _, rest = text.strip().partition(" ")
    verb = verb.lower() or "help"
    if verb not in VERBS:
        raise Refused(f"/incident knows {', '.join(VERBS)}. `/incident help` shows how each is said.", status=400)
    rest = rest.strip()
    if found := INCIDENT.match(rest):
        return Wish(verb, int(found["number"]), rest[found.end() :].strip())
    return Wish(verb, None, rest)


def typed(text: str) -> str:
    """The text as somebody typed it: the marks Slack made are words again, the escaped characters themselves."""
    text = MARKED.sub(_unmark, text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def command(text: str) -> str:
    """The command that somebody typed. Raises `Refused` where a keyboard has changed its quotes or dashes."""
    text = typed(text).strip()
    if found := TYPOGRAPHIC.search(text):
        raise Refused(
            f"There is a “{found[0]}” in this command (U+{ord(found[0]):04X}), which shells do not know: Slack or your"
            " keyboard made it of a quote, a dash or dots. Type it in a code block, or on the incident's page.",
            status=400,
            field="command",
        )
    return text


def assignment(text: str, roles: tuple[str, ...]) -> Assignment:
    """Read `commander @ben`, or `@ben 30m look at the till`. Raises `Refused` saying how it is said."""
    first, _, rest = text.strip().partition(" ")
    role = first.lower() if first.lower() in roles else ""
    who, _, more = TO.sub("", (rest if role else text).strip()).partition(" ")
    found = USER.fullmatch(who)
    handle = "" if found else typed(who).removeprefix("@").lower()
    if not who or (not role and not more.strip()):
        raise Refused(
            "Say `assign commander @ben`, with one of the roles " + ", ".join(roles) + "; or `assign @ben 30m look at"
            " the till` for a task.",
            status=400,
        )
    if role:
        return Assignment(found["id"] if found else "", handle, role, typed(more).strip())
    limit = MINUTES.match(more.strip())
    minutes = int(limit["minutes"]) if limit else TASK_MINUTES
    words = more.strip()[limit.end() :] if limit else more
    return Assignment(found["id"] if found else "", handle, "", typed(words).strip(), minutes)


def first_of(known: tuple[str, ...], text: str) -> tuple[str, str]:
    """The first word, spelled as it is known there; and the rest. The first is empty where it is none of them."""
    word, _, rest = text.strip().partition(" ")
    named = next((one for one in known if one.lower() == word.lower()), "")
    return (named, rest.strip()) if named else ("", text.strip())


def _unmark(found: re.Match[str]) -> str:
    target, label = found["target"], found["label"]
    match target[:1]:
        case "@" | "#":
            return target[0] + (label or target[1:]).removeprefix(target[0])
        case "!":
            name = label or target[1:].partition("^")[0]
            return name if name.startswith("@") else f"@{name}"
        case _:
            return label or target
