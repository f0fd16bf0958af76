"""What is known of a change before it is made: its object, how to look at it, and what the looks told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

SHOWN_LINES = 60  # of a preview: more is not read before a yes
SHOWN_CHARS = 6000
# What kubectl says beside its answer, on lines of their own: the server's warnings, its own log, the container it took.
ASIDE = re.compile(
    r"^(?:Warning: |[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ |Flag --\S+ has been deprecated|Defaulted container "
    r"|Unable to use a TTY).*\n?",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look said. `masked` counts the secrets hidden in it: an undo cannot be made of those."""

    code: int | None  # None: it did not run to its end
    output: str
    masked: int = 0

    @property
    def ok(self) -> bool:
        """It ended with exit code 0."""
        return self.code == 0

    @property
    def complaint(self) -> str:
        """Its last line, as the reason of a failure."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return lines[-1][:300] if lines else "it said nothing"


UNSEEN = Seen(None, "it was not run")
Looked = Mapping[str, Seen]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the looks tell whoever decides.

    `preview` is "" when there is none, and `trouble` then says why. `undo` is a ready command; when it is "",
    `undone` says why there is none. `instead` is the same command for the object that is really there. `gentler`
    does less harm and is tried first. `refused` says why it must not run as things stand.
    """

    preview: str = ""
    trouble: str = ""
    blast: str = ""
    undo: str = ""
    undone: str = ""  # "Scale deployment/api back to 3", or why that cannot be
    instead: str = ""
    gentler: str = ""
    refused: str = ""
    namespaces: tuple[str, ...] = ()  # that the objects of a file name by themselves
    written: str = ""  # what its files say, as a hash: the yes is to that as well


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A command that changes something, understood.

    `looks` are commands that only read, by name; `tell` makes sentences of what they said. Those in `captures`
    are run once more right before the change: they hold the state to go back to. Those in `rehearsals` are the
    server's own dry runs, which it allows only to whoever may make the change: they are asked in that lane.
    `object` is "deployment/api" or "" where it is not known; `scope` are the words of a kubectl command that say
    which cluster and namespace it is for.
    """

    kind: str
    object: str
    does: str
    looks: Mapping[str, str] = field(default_factory=dict)
    captures: tuple[str, ...] = ()
    rehearsals: tuple[str, ...] = ()
    tell: Callable[[Looked], Told] = lambda _: Told()
    last_resort: bool = False
    place: str = ""  # of what no cluster holds: "database shop on db-1"

    @property
    def name(self) -> str:
        """The object's own name: what whoever approves a last resort types."""
        return self.object.rpartition("/")[2]


def answer(output: str) -> str:
    """What a program said, without what kubectl says beside it."""
    return ASIDE.sub("", output).strip()


def objects(output: str) -> list[dict[str, Any]]:
    """The JSON objects that kubectl printed, lists taken apart; [] when it is no JSON."""
    decoder, found, at = json.JSONDecoder(), list[dict[str, Any]](), 0
    text = answer(output)
    try:
        while at < len(text):
            one, at = decoder.raw_decode(text, at)
            found += one.get("items") or [] if str(one.get("kind", "")).endswith("List") else [one]
            at += len(text[at:]) - len(text[at:].lstrip())
    except (ValueError, AttributeError, RecursionError):
        return []
    return [one for one in found if isinstance(one, dict)]


def one_object(output: str) -> dict[str, Any]:
    """The only object that kubectl printed; {} when it is none or several."""
    found = objects(output)
    return found[0] if len(found) == 1 else {}


def dig(node: Any, *path: str | int, default: Any = None) -> Any:
    """What stands at a path of keys and places; `default` where the path ends early."""
    for step in path:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            return default
    return default if node is None else node


def short(text: str) -> str:
    """A preview cut to what is read before a yes; what is left out is counted."""
    lines = text.rstrip("\n").splitlines()
    kept = "\n".join(lines[:SHOWN_LINES])[:SHOWN_CHARS]
    left = len(lines) - len(kept.splitlines())
    return f"{kept}\n… {left} more lines" if left > 0 else kept


def many(number: int, one: str, several: str = "") -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else several or one + 's'}"


def differences(now: Any, wanted: Any, path: str = "") -> list[str]:
    """What `wanted` sets otherwise than it is `now`, a line each; what it does not speak of stays as it is."""
    if isinstance(wanted, dict):
        now = now if isinstance(now, dict) else {}
        return [line for key, value in wanted.items() for line in differences(now.get(key), value, f"{path}.{key}")]
    if isinstance(wanted, list) and isinstance(now, list) and all(isinstance(one, dict) for one in (*now, *wanted)):
        by_name = {one.get("name"): one for one in now}
        if all("name" in one for one in wanted):
            return [
                line for one in wanted for line in differences(by_name.get(one["name"]), one, f"{path}[{one['name']}]")
            ]
    if now == wanted:
        return []
    return [f"{path.lstrip('.')}: {_say(now)} → {_say(wanted)}"]


def _say(value: Any) -> str:
    if value is None:
        return "(not set)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
