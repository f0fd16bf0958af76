"""Text of a shell block to syntax tree, by shfmt. Without shfmt there is no tree, and nothing is known.

shfmt comes with the `shfmt-py` wheel, pinned, because its reading of the text is what the guard
judges. It is started once for each new text, or once for many, and its answer kept.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import metadata
from itertools import accumulate
from pathlib import Path
from typing import Any

from fireline.core.guard.shfmt import script
from fireline.core.guard.tree import Script

LONGEST = 64 * 1024  # characters; the longest block in 440 public runbooks has under 8 Ki
PATIENCE = 2.0  # seconds; shfmt needs about 3 ms for a line
MARK = ":"  # stands on a line of its own between texts that shfmt reads at once


@lru_cache(maxsize=4096)
def parse(text: str) -> Script:
    """The syntax tree of `text`, or a `Script` whose `error` says why there is none. Never raises."""
    trouble = _unreadable(text)
    if trouble:
        return Script(error=trouble)
    try:
        return script(text, _asked(text))
    except subprocess.TimeoutExpired:
        return Script(error=f"shfmt did not finish within {PATIENCE:g} seconds.")
    except _NoShellError as trouble:
        return Script(error=str(trouble))
    except (OSError, KeyError, TypeError, ValueError) as trouble:
        return Script(error=f"shfmt's answer could not be read: {trouble!r}.")


def parse_many(texts: Sequence[str]) -> Mapping[str, Script]:
    """The trees of those of `texts` that shfmt can read at one go; `parse` does the others one by one.

    A mark is put after each text. A text that does not end by itself, or that something else would have to end,
    swallows a mark or breaks the whole, and then the pile is halved.
    """
    pile = [text for text in dict.fromkeys(texts) if not _unreadable(text)]
    if len(pile) < 2:
        return {}
    begins = list(accumulate((len(text.encode()) + len(MARK) + 2 for text in pile), initial=0))
    try:
        parts = _parted(_asked("".join(f"{text}\n{MARK}\n" for text in pile)), begins)
        if parts is not None:
            trees = zip(pile, begins, parts, strict=False)  # the last beginning is the end
            return {text: script(text, {"Stmts": part}, base=base) for text, base, part in trees}
    except (subprocess.SubprocessError, OSError, LookupError, TypeError, ValueError):
        pass  # whatever it is, `parse` meets it again with the one text that it comes from
    half = len(pile) // 2
    return {**parse_many(pile[:half]), **parse_many(pile[half:])}


class _NoShellError(ValueError):
    """shfmt's complaint about a text, in one sentence."""


def _unreadable(text: str) -> str:
    """Why shfmt is not even asked, "" when it is."""
    if len(text) > LONGEST:
        return f"The text is longer than {LONGEST} characters; split it."
    if "\x00" in text or "\r" in text:
        return "The text holds a NUL or a carriage return, which shells read differently."
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "The text holds characters that are no Unicode text."
    if shfmt() is None:
        return "shfmt is not installed, so that no command can be read: install shfmt-py."
    return ""


def _asked(text: str) -> Any:
    """What shfmt says about a text. Raises `_NoShellError` when it cannot read it."""
    done = subprocess.run(  # noqa: S603  # a fixed program; the text goes in by standard input
        [str(shfmt()), "--to-json", "-ln", "bash"],
        input=text.encode(),
        capture_output=True,
        env={"GOMAXPROCS": "1", "GOGC": "off"},  # a third faster for so short a life; and nothing of ours goes in
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        complaint = done.stderr.decode(errors="replace").strip().splitlines()
        raise _NoShellError(f"Not a shell text: {complaint[0] if complaint else 'shfmt gave up'}.")
    try:
        return json.loads(done.stdout)
    except RecursionError as trouble:
        raise _NoShellError("The text is nested too deeply to be read.") from trouble


def _parted(file: Any, begins: Sequence[int]) -> list[list[Any]] | None:
    """The statements of each text; None unless each mark is read as a command, at the very byte where it was put."""
    parts: list[list[Any]] = [[]]
    for node in file.get("Stmts", ()):
        at = begins[len(parts)] - len(MARK) - 1 if len(parts) < len(begins) else -1
        if node["Pos"].get("Offset", 0) == at and node["End"]["Offset"] == at + len(MARK):
            parts.append([])
        else:
            parts[-1].append(node)
    return parts[:-1] if len(parts) == len(begins) and not parts[-1] else None


@lru_cache(maxsize=1)
def shfmt() -> str | None:
    """Path of the shfmt program: beside the interpreter, else where its wheel put it, else on PATH."""
    beside = Path(sysconfig.get_path("scripts")) / "shfmt"
    if beside.is_file():
        return str(beside)
    try:
        for file in metadata.files("shfmt-py") or ():
            if file.name in ("shfmt", "shfmt.exe"):
                return str(file.locate())
    except metadata.PackageNotFoundError:
        pass
    return shutil.which("shfmt")
