"""Change: what a command that changes something is about, before it runs.

From the words of the command alone: its object, how to look at that object without changing it, and what to
make of what was seen: the preview, who is hit, and the command that puts it back. Commands that are not
understood are not guessed at: they have no preview, and the page says so.
"""

from __future__ import annotations

from collections.abc import Callable

from fireline.core.change import kubectl, machines, manifests, rehearsal, sessions, workload
from fireline.core.change.model import Change, Seen, Told
from fireline.core.guard.tree import Call, Script
from fireline.core.guard.words import text_of

__all__ = ["Change", "Seen", "Told", "argv", "last_resort", "understand"]

LAST_RESORT = "last resort"  # as runbooks write it


def understand(text: str, parse: Callable[[str], Script]) -> Change:
    """What the command is about. One that is not understood gives a change with no object and no looks."""
    words = argv(text, parse)
    if words is None:
        return Change(kind="other", object="", does="")
    if ending := sessions.understand(words, text):
        return ending
    if service := machines.understand(words):
        return service
    command = kubectl.take(words)
    if command is None:
        return Change(kind="other", object="", does="")
    known = workload.understand(command, text) or manifests.understand(command, text)
    if known is None:
        return Change(kind=command.verb, object=", ".join(command.objects), does="")
    return rehearsal.rehearsed(known, command)


def argv(text: str, parse: Callable[[str], Script]) -> tuple[str, ...] | None:
    """The words of a text that is one plain command; None where a shell would do more than split words."""
    script = parse(text)
    if script.error or len(script.statements) != 1:
        return None
    (statement,) = script.statements
    call = statement.command
    if not isinstance(call, Call) or call.assigns or statement.redirects or statement.background:
        return None
    words = [text_of(word, {}) for word in call.words]
    known = tuple(word for word in words if word is not None)
    return known if words and len(known) == len(words) else None


def last_resort(change: Change, *words: str) -> bool:
    """Whether the runbook calls it a last resort, or it is a restart of what holds data."""
    return change.last_resort or any(LAST_RESORT in word.lower() for word in words)
