"""How the guard stands up to 100,000 generated texts: crashes, hangs, and writes that are judged a read.

    python bench/guard_fuzz.py [COUNT [SEED]]

Texts come from the seeded grammar in tests/core/guard/grammar.py. shfmt reads many of them at a time.
Bash says which texts it can read (`bash -n`), and every text that is judged a read and that bash can read is run by it,
in an empty folder, where each program is a stand-in that notes when it was called to change something.
Exit code 1 when anything is wrong.
"""

from __future__ import annotations

import shutil
import subprocess  # noqa: TID251  # asks bash
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from core.guard.grammar import READS, WRITES, Text, texts
from fireline import shell
from fireline.core.guard import Verdict, judge
from fireline.core.guard.tree import Script

PILE = 64  # texts that shfmt reads at a time
HANG = 1.0  # seconds
RUN_AT_MOST = 12_000  # reads that bash runs, the garbled ones first: each takes 8 ms
THROUGH = ("sh", "bash", "env", "timeout", "xargs")  # these run for real, and start the stand-ins
NEVER = {"rm", "mv", "reboot", "frobnicate"}  # no read starts these with any words; `tee` alone is one
# A stand-in for every program: a call that is none of the grammar's reads is noted, by name and words.
STAND_IN = """#!/bin/sh
case "${0##*/} $*" in %s) exit 0;; esac
echo "${0##*/} $*" >> "$NOTES"
"""
RUN = """
set -m # each text in a process group of its own, which is ended with all that it left behind
ulimit -t 5
n=0
while IFS= read -r -d '' text; do
  printf '#%d\\n' "$n" >> "$NOTES"; n=$((n+1))
  (mkdir -p "$FOLDER/$n" && cd "$FOLDER/$n" && touch notes.txt app.log names.txt && PATH=$STANDS && eval "$text"
    wait) \\
    </dev/null >/dev/null 2>&1 &
  child=$!; ( sleep 2; kill -9 -- -$child ) >/dev/null 2>&1 & dog=$!
  wait $child; kill -9 -- -$dog -$child; wait $dog
  ls "$FOLDER/$n" 2>/dev/null | grep -vxE 'notes.txt|app.log|names.txt' | sed 's/^/file /' >> "$NOTES"
  rm -rf "$FOLDER/$n"
done
"""


class Parser:
    """`parse` answers from the piles that were read; a text that is in none is read by itself."""

    def __init__(self) -> None:
        self.known: dict[str, Script] = {}

    def read(self, pile: list[str]) -> None:
        """Read as many of a pile of texts at once as shfmt can."""
        self.known.update(shell.parse_many(pile))

    def parse(self, text: str) -> Script:
        """The tree of a text, as `fireline.shell.parse` gives it."""
        if text not in self.known:
            self.known[text] = shell.parse(text)
        return self.known[text]


def judged(made: list[Text], parser: Parser) -> Iterator[tuple[Text, Verdict, float]]:
    """Each text with its verdict and the seconds it took to judge the tree."""
    waiting = sorted({text for one in made if not one.garbled for text in (one.text, *one.inner)})
    for start in range(0, len(waiting), PILE):
        parser.read(waiting[start : start + PILE])
    broken = sorted({one.text for one in made if one.garbled})  # hardly any of them would let a pile be read
    with ThreadPoolExecutor(2) as pool:
        parser.known.update(zip(broken, pool.map(shell.parse, broken), strict=True))
    for one in made:
        start_ = time.perf_counter()
        verdict = judge(one.text, parse=parser.parse)
        yield one, verdict, time.perf_counter() - start_


def read_by_bash(made: list[str]) -> set[str]:
    """Those of the texts that bash can read, asked in piles that are halved until bash reads them."""
    good: set[str] = set()
    stack = [made[start : start + PILE] for start in range(0, len(made), PILE)]
    while stack:
        pile = stack.pop()
        source = "\n".join(pile).encode()
        done = subprocess.run(["bash", "-n"], input=source, capture_output=True, check=False)  # noqa: S607
        if done.returncode == 0 and not done.stderr:
            good.update(pile)
        elif len(pile) > 1:
            stack += [pile[: len(pile) // 2], pile[len(pile) // 2 :]]
    return good


def changed_something(made: list[str]) -> list[tuple[str, str]]:
    """Run texts that were judged a read; those that called a stand-in to change something or made a file."""
    found: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        stands = folder / "bin"
        stands.mkdir()
        programs = {line.split()[0] for line in (*READS, *WRITES)} - {"eval", "echo", "true", "[", "x=1"}
        harmless = "|".join(quoted_case(line) for line in READS)
        for program in THROUGH:
            (stands / program).symlink_to(str(shutil.which(program)))
        for program in programs | {"ssh", "sudo"}:
            (stands / program).write_text(STAND_IN % harmless)
            (stands / program).chmod(0o755)
        for start in range(0, len(made), 500):
            pile = made[start : start + 500]
            notes = folder / "notes"
            notes.write_text("")
            where = {"NOTES": str(notes), "FOLDER": str(folder / "run"), "STANDS": str(stands), "PATH": "/usr/bin:/bin"}
            fed = b"".join(text.encode() + b"\x00" for text in pile)
            subprocess.run(["bash", "-c", RUN], input=fed, env=where, capture_output=True, check=False)  # noqa: S603, S607
            current = 0
            for line in notes.read_text(errors="replace").splitlines():
                if line.startswith("#") and line[1:].isdecimal():
                    current = int(line[1:])
                elif suspicious(line):
                    found.append((pile[current], line))
    return found


def quoted_case(line: str) -> str:
    """A read of the grammar as a pattern of `case`, its quotes taken away as the shell does."""
    return '"' + line.replace("'", "").replace("$", "\\$").replace('"', '\\"') + '"'


def suspicious(line: str) -> bool:
    """Whether a note tells of a write of the grammar, or of a file."""
    name = line.split(" ", 1)[0]
    return name in NEVER | {"file"} or any(line.startswith(write.replace("'", "")) for write in WRITES)


def main() -> int:
    """Generate, judge, ask bash, print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    begun = time.perf_counter()
    parser, effects = Parser(), Counter[str]()
    wrong: list[str] = []
    reads: list[str] = []
    odd: list[str] = []
    slowest, broken = 0.0, 0
    for start in range(0, count, 2000):
        for one, verdict, seconds in judged(texts(seed + start, min(2000, count - start)), parser):
            effects[verdict.effect] += 1
            slowest = max(slowest, seconds)
            broken += verdict.rule == "shell.syntax"
            if one.writes and not verdict.effect.writes:
                wrong.append(one.text)
            elif not verdict.effect.writes and verdict.rewritten is None:
                (odd if one.garbled else reads).append(one.text)
        parser.known.clear()
    unlike = list(dict.fromkeys(odd + reads))[:RUN_AT_MOST]
    good = read_by_bash(unlike)
    ran = [text for text in unlike if text in good]
    changes = changed_something(ran)
    for text in wrong:
        print(f"write judged read: {text!r}")  # noqa: T201
    for text, line in changes:
        print(f"judged read, but bash ran {line!r}: {text!r}")  # noqa: T201
    took = f"{time.perf_counter() - begun:.0f} s, seed {seed}"
    print(f"texts                {count} in {took}")  # noqa: T201
    print(f"effects              {dict(effects.most_common())}; {broken} are no shell text")  # noqa: T201
    print(f"slowest              {slowest * 1000:.0f} ms")  # noqa: T201
    print(f"writes judged read   {len(wrong)}")  # noqa: T201
    print(f"reads run by bash    {len(ran)} of {len(unlike)} unlike ones; {len(changes)} changed something")  # noqa: T201
    return int(bool(wrong or changes) or slowest > HANG)


if __name__ == "__main__":
    sys.exit(main())
