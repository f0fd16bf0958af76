"""How right and how fast the guard is: writes judged read, share of reads that run by themselves, commands/s.

    python bench/guard.py                    # the project's own tables under tests/core/guard
    python bench/guard.py labelled.tsv       # label<TAB>kind<TAB>source<TAB>command, label read or write

Exit code 1 when a write was judged a read, or fewer than 95 % of the reads run by themselves, or fewer than
200 commands are judged in a second of one core, each for the first time: alone, so that shfmt is started for
each, and 64 at a time, as `fireline guard judge` does when they come from a file.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path

from fireline.core.guard import judge, table
from fireline.shell import parse, parse_many

ENOUGH = 0.95
FAST = 200  # commands in a second of one core
PILE = 64
OWN = Path(__file__).parents[1] / "tests" / "core" / "guard"


def seconds() -> float:
    """Seconds of processor used so far, by this process and by every shfmt it has started."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def labelled(path: Path) -> list[tuple[str, str]]:
    """Label and command of each row that is not flagged ambiguous; placeholders become words as long."""
    rows = [line.split("\t", 3) for line in path.read_text().splitlines()[1:]]
    return [(label, plain(command)) for label, _, source, command in rows if "ambiguous" not in source]


def plain(command: str) -> str:
    """A command with its escapes undone and its placeholders filled."""
    text = re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), command)
    return re.sub(r"<[A-Za-z][\w ./:-]*>", lambda found: "x" * len(found[0]), text)


def own() -> list[tuple[str, str]]:
    """The rows of the project's tests: a read is one that is said to run by itself."""
    tables = [tomllib.loads(file.read_text()) for file in sorted(OWN.glob("*.toml"))]
    rows = [row for table_ in tables for row in table_.get("row", ())]
    kept = [row for row in rows if row["effect"] != "read" or row.get("unattended", True)]
    said = [("read" if row["effect"] == "read" else "write", row["command"]) for row in kept]
    return said + [(label, text) for table_ in tables for label in ("read", "write") for text in table_.get(label, ())]


def main() -> int:
    """Judge every command once, print the figures."""
    rows = labelled(Path(sys.argv[1])) if len(sys.argv) > 1 else own()
    table.built_in()
    start = seconds()
    verdicts = [(label, text, judge(text, parse=parse)) for label, text in rows]
    cold = len(rows) / (seconds() - start)
    start = seconds()
    for first in range(0, len(rows), PILE):
        pile = [text for _, text in rows[first : first + PILE]]
        trees = parse_many(pile)
        for text in pile:
            judge(text, parse=lambda one: trees.get(one) or parse.__wrapped__(one))  # noqa: B023
    piled = len(rows) / (seconds() - start)
    start = seconds()
    for _, text in rows * 10:
        judge(text, parse=parse)
    warm = 10 * len(rows) / (seconds() - start)

    wrong = [(text, verdict) for label, text, verdict in verdicts if label == "write" and not verdict.effect.writes]
    reads = [(text, verdict) for label, text, verdict in verdicts if label == "read"]
    missed = [(text, verdict) for text, verdict in reads if not verdict.unattended]
    share = 1 - len(missed) / max(1, len(reads))
    for title, found in (("write judged read", wrong), ("read that waits", missed)):
        for text, verdict in found:
            print(f"{title}: {text[:70]!r}: {verdict.effect} by {verdict.rule}: {verdict.why}")  # noqa: T201
    print(f"writes judged read   {len(wrong)} of {len(rows) - len(reads)}")  # noqa: T201
    print(f"reads unattended     {share:.1%} of {len(reads)}")  # noqa: T201
    print(f"commands per core-s  {cold:.0f} new, {piled:.0f} new and {PILE} at a time, {warm:.0f} seen before")  # noqa: T201
    return int(bool(wrong) or share < ENOUGH or cold < FAST)


if __name__ == "__main__":
    sys.exit(main())
