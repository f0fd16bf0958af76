"""Blocks: how fireline looks in Slack. Pure: facts in, Slack's JSON out, within Slack's limits.

Nothing that an alert or a person wrote may ring a channel or look like something it is not: text is escaped, names of
groups are broken, and a command stands in a block that Slack reads nothing into.
Limits: https://docs.slack.dev/reference/block-kit/blocks/
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec

from fireline.core.approval import Ask
from fireline.core.events import ApprovalAsked
from fireline.core.incident import Incident

Block = dict[str, Any]
Names = Callable[[str], str]

TEXT_MAX = 3000  # characters of a section's text
BUTTON_MAX = 75
BLOCKS_MAX = 50
INLINE_CHARS, INLINE_LINES = 600, 5  # of a command in a message: Slack folds what is longer behind “Show more”
WHOLE_MAX = 2900  # of a command that a modal shows
CALLING = re.compile(r"@(?=channel\b|here\b|everyone\b|group\b)", re.IGNORECASE)
BROKEN = "@\u200b"  # with a character that nobody sees, it is no name any more

ACKNOWLEDGE, APPROVE, READ, DENY, NEXT, UPDATE, PAGE = (
    "fireline.acknowledge", "fireline.approve", "fireline.read", "fireline.deny", "fireline.next", "fireline.update",
    "fireline.page",
)  # fmt: skip
DOES = {
    "read": "Only reads.",
    "local": "Changes the machine that runs it.",
    "write": "Changes something.",
    "destructive": "Hard to take back.",
}
COUNTS = "Not understood, so it counts as a change."


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a button knows: the incident, and for an approval its number and the digest of the command shown.

    A form knows the message as well that it was opened from, by its channel and time.
    """

    incident: int
    ask: int = 0
    shown: str = ""
    channel: str = ""
    ts: str = ""


def escape(text: str) -> str:
    """Foreign text for Slack's mrkdwn: nothing in it is markup, a mention or a call."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return CALLING.sub(BROKEN, text)


def clipped(text: str, longest: int) -> str:
    """The text, cut where it is too long once escaped; a cut one says so."""
    if len(escape(text)) <= longest:
        return escape(text)
    while len(escape(text)) > longest - 1:
        text = text[: min(len(text) - 1, longest - 1)]
    return escape(text) + "…"


def section(text: str, *, label: str = "") -> Block:
    """A paragraph of foreign text, after a bold label of ours."""
    head = f"*{label}* " if label else ""
    said = head + clipped(text, TEXT_MAX - len(head))
    return {"type": "section", "expand": True, "text": {"type": "mrkdwn", "verbatim": True, "text": said or " "}}


def context(text: str) -> Block:
    """A line in small print."""
    element = {"type": "mrkdwn", "verbatim": True, "text": clipped(text, TEXT_MAX)}
    return {"type": "context", "elements": [element]}


def code(text: str) -> Block:
    """Exactly these characters: Slack reads no markup in here."""
    piece = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text[:TEXT_MAX]}]}
    return {"type": "rich_text", "elements": [piece]}


def button(text: str, action: str, value: Value | None = None, *, style: str = "", url: str = "") -> Block:
    """A button; with an `url` it is a link."""
    made: Block = {"type": "button", "action_id": action, "text": {"type": "plain_text", "text": text[:BUTTON_MAX]}}
    more = {"value": msgspec.json.encode(value).decode() if value else "", "style": style, "url": url}
    return made | {name: one for name, one in more.items() if one}


def actions(*buttons: Block) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def within(blocks: Iterable[Block]) -> list[Block]:
    """As many blocks as Slack takes; where there are more, the last says so."""
    found = list(blocks)
    if len(found) <= BLOCKS_MAX:
        return found
    return [*found[: BLOCKS_MAX - 1], context(f"{len(found) - BLOCKS_MAX + 1} more; the page has them.")]


def lines(pairs: Iterable[tuple[str, str]]) -> list[Block]:
    """Label and text, a line each."""
    return within(section(text, label=f"{label}:") for label, text in pairs)


def shows(command: str, *, inline: bool) -> bool:
    """Whether Slack shows this command whole and as it is: in a message (`inline`) or in a modal.

    A character that nobody sees, or that turns others around, shows something else than what would run.
    """
    if any(unicodedata.category(one) in {"Cc", "Cf", "Co", "Cn", "Zl", "Zp"} and one not in "\n\t" for one in command):
        return False
    if any(unicodedata.category(one) == "Zs" and one != " " for one in command):
        return False
    if inline:
        return len(command) <= INLINE_CHARS and len(command.splitlines()) <= INLINE_LINES
    return len(command) <= WHOLE_MAX


def approval(number: int, one: Ask, at: datetime, *, names: Names, url: str) -> list[Block]:
    """One ask, with all that a yes is bound to: buttons while it waits, then who said what.

    `url` is the page of this approval.
    """
    asked, waits = one.asked, one.waiting(at)
    head = section(asked.title, label=f"INC-{number} wants to run:" if waits else f"INC-{number}:")
    shown = [code(asked.command)] if whole(asked, inline=True) else [context(_too_long(asked))]
    found = [head, *shown, *reasons(one, names), context(outcome(one, at, names))]
    return [*found, *([_buttons(number, one, url)] if waits else [])]


def whole(asked: ApprovalAsked, *, inline: bool) -> bool:
    """Whether Slack shows all that a yes to this is bound to, in a message or in a form."""
    revert = asked.revert.command if asked.revert else ""
    return all(shows(text, inline=inline) for text in (asked.command, revert, asked.target or ""))


def reasons(one: Ask, names: Names) -> list[Block]:
    """What a command does, where, and who wants it, beside its bytes."""
    asked = one.asked
    lane = "write" if asked.yes_needed else "read"
    does = f"{DOES.get(asked.effect, COUNTS)} {asked.does or asked.why}"
    needed = f"{asked.yes_needed} people" if asked.yes_needed > 1 else "one person"
    said = [
        ("Does:", f"{does} (effect {asked.effect}, rule {asked.rule}, {lane} lane)"),
        ("Target:", asked.target or f"what the {lane} lane of fireline's machine reaches"),
        ("Hits:", asked.blast or ""),
        ("Would become:", asked.preview or asked.no_preview or ""),
        ("Way back:", " ".join(filter(None, (asked.undo or "", asked.undone or "")))),
        ("Gentler:", asked.gentler or ""),
        ("Asked by:", f"{names(asked.by)}: {asked.reason}"),
        ("Wants a yes of:", f"{needed} besides whoever asked" if asked.yes_needed else ""),
    ]
    found = [section(text, label=label) for label, text in said if text]
    if asked.revert:
        found += [
            section(f"after {asked.revert.minutes:g} minutes", label="Reverts by itself:"),
            code(asked.revert.command),
        ]
    runbook = f" · runbook {asked.runbook[:12]}" if asked.runbook else ""
    return [*found, context(f"bound to sha256 {one.digest}{runbook}")]


def outcome(one: Ask, at: datetime, names: Names) -> str:
    """Who said what to an ask, in a line."""
    said = " and ".join(names(who) for who in one.yes)
    if one.denied:
        return f"{names(one.denied.by)} said no at {one.denied.at:%H:%M} UTC: {one.denied.reason}"
    if one.glass:
        return f"{names(one.glass.by)} broke the glass: {one.glass.reason}"
    if one.granted:
        return f"Approved by {said}." if said else "It only reads: it needs nobody's yes."
    if not one.waiting(at):
        return "Nobody answered within 15 minutes. Ask again."
    more = f"{said} said yes; it needs {one.asked.yes_needed - len(one.yes)} more. " if said else ""
    return f"{more}The ask ends at {one.expires_at:%H:%M} UTC."


def drawn(base_url: str) -> Callable[[str, str, Incident], list[Block]]:
    """How the messages of an incident's channel look that have buttons: the card. The others are their text alone."""

    def draw(verb: str, text: str, now: Incident) -> list[Block]:
        return [*literal(text), do(now, f"{base_url}/incidents/{now.number}")] if verb == "card" else []

    return draw


def literal(text: str) -> list[Block]:
    """A longer text just as it stands, in as many paragraphs as Slack wants of it."""
    found, rest = [""], text.splitlines(keepends=True)
    while rest:
        line, rest = rest[0], rest[1:]
        if len(line) > TEXT_MAX:
            line, rest = line[:TEXT_MAX], [line[TEXT_MAX:], *rest]
        if len(found[-1]) + len(line) > TEXT_MAX:
            found.append("")
        found[-1] += line
    parts = [one.rstrip("\n") for one in found]
    return within({"type": "section", "text": {"type": "plain_text", "text": one}} for one in parts if one.strip())


def do(now: Incident, url: str) -> Block:
    """What can be done about an incident with one press; `url` is its page."""
    value, found = Value(incident=now.number), []
    if not now.resolved and not now.acknowledged:
        found.append(button("I have it", ACKNOWLEDGE, value, style="primary"))
    if not now.resolved:
        found.append(button("Run next step…", NEXT, value))
    return actions(*found, button("Write update…", UPDATE, value), button("Open", PAGE, url=url))


def summons(number: int, title: str, text: str, page: str, acknowledge: str, *, presses: bool) -> list[Block]:
    """What somebody reads who is asked to take an incident; `page` is its address.

    `acknowledge` is the link that acknowledges without signing in, empty for who has no account here. It stands there
    only where nobody would hear of a press (not `presses`).
    """
    yes = button("I have it", ACKNOWLEDGE, Value(incident=number), style="primary")
    link = button("I have it…", PAGE + ".answer", style="primary", url=acknowledge)
    found = [] if not acknowledge else [yes] if presses else [link]
    return [section(title), section(text), actions(*found, button("Open", PAGE, url=page))]


def _buttons(number: int, one: Ask, url: str) -> Block:
    value = Value(incident=number, ask=one.number, shown=one.digest)
    link, no = button("Open the page", PAGE, url=url), button("Decline…", DENY, value)
    if whole(one.asked, inline=True) and not one.asked.last_resort:
        return actions(button("Approve", APPROVE, value, style="primary"), no, link)
    if whole(one.asked, inline=False):  # a last resort wants the name of what it hits typed as well
        return actions(button("Read and approve…", READ, value, style="primary"), no, link)
    return actions(no, button("Read and approve on the page", PAGE, url=url))


def _too_long(asked: ApprovalAsked) -> str:
    if whole(asked, inline=False):
        return f"The command has {len(asked.command)} characters: read it whole before you say yes."
    if len(asked.command) > WHOLE_MAX:
        return f"The command has {len(asked.command)} characters, more than Slack shows: the page shows it whole."
    return "It holds characters that Slack does not show, or more than it shows: the page has all of it."
