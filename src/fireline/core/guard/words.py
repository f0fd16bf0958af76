"""Words after expansion: what a program will be given, as far as that can be known beforehand.

A stretch that only turns up when the command runs is written as `GAP`, a character that no shell
text can hold. So `https://$host/health` is "https://" + GAP + "/health": its beginning is certain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product

import msgspec

from fireline.core.guard import tree

GAP = "\x00"
MOST = 32  # readings of one command; a loop over more names is judged as if none were known
BLANKS = " \t\n"
BRACE = re.compile(r"\{.*,.*\}|\{[^{}.,]+\.\.[^{}]+\}", re.DOTALL)


class Arg(msgspec.Struct, frozen=True, kw_only=True):
    """One argument. `splits`: may become several words or none, each of which may look like a flag.

    `plain`: it stands after `--`, so that it is no flag whatever it looks like.
    `quotable` holds the offsets of the unquoted expansions that make it split: quotes around them
    would stop that. `globs`: may become several words that share the text before the first `*`.
    `verbatim` is the offset at which `text` stands in the source unchanged, `fence` what surrounds it.
    """

    text: str
    start: int
    end: int
    splits: bool = False
    globs: bool = False
    quotable: tuple[tuple[int, int], ...] = ()
    verbatim: int | None = None
    plain: bool = False
    fence: str = ""

    @property
    def known(self) -> bool:
        """Whether the text is the whole truth."""
        return GAP not in self.text and not self.splits and not self.globs

    @property
    def may_be_flag(self) -> bool:
        """Whether it may turn out to begin with a dash although it does not show one."""
        if self.plain and not self.splits:
            return False
        return self.splits or self.text.startswith(GAP) or (self.globs and self.text[:1] in "*?[")


def readings(words: tuple[tree.Word, ...], values: Mapping[str, tuple[str, ...]]) -> list[list[Arg]]:
    """Every list of arguments that `words` may become, given the `values` that variables may have."""
    names = [name for name in dict.fromkeys(_plain_names(words)) if name in values]
    count = 1
    for name in names:
        count *= len(values[name])
    if count > MOST or not names:
        return [[arg for word in words for arg in _args(word, {} if count > MOST else values)]]
    return [
        [arg for word in words for arg in _args(word, dict(zip(names, ((one,) for one in chosen), strict=True)))]
        for chosen in product(*(values[name] for name in names))
    ]


def text_of(word: tree.Word, values: Mapping[str, tuple[str, ...]]) -> str | None:
    """The text of a word when it is certain and single, else None."""
    made = _args(word, values)
    return made[0].text if len(made) == 1 and made[0].known else None


def _plain_names(words: tuple[tree.Word, ...]) -> list[str]:
    return [part.name for word in words for part in word.parts if isinstance(part, tree.Expansion) and part.plain]


def _args(word: tree.Word, values: Mapping[str, tuple[str, ...]]) -> list[Arg]:
    """One reading of a word: usually one argument; more when a known unquoted value has blanks."""
    pieces: list[str] = [""]
    splits = globs = False
    quotable: list[tuple[int, int]] = []
    empty = True  # an unquoted value that is empty leaves no word at all
    for part in word.parts:
        match part:
            case tree.Literal():
                empty = False
                pieces[-1] += part.text
                globs |= part.glob
            case tree.Expansion() if part.plain and len(values.get(part.name, ())) == 1:
                value = values[part.name][0]
                globs |= not part.quoted and any(mark in value for mark in "*?[")
                if part.quoted:
                    empty = False
                    pieces[-1] += value
                else:
                    split = _split(value)
                    empty &= not any(split)
                    pieces[-1] += split[0]
                    pieces += split[1:]
            case tree.Expansion(number=True) | tree.Arithmetic():
                empty = False
                pieces[-1] += GAP
            case tree.Substitution(op="<(" | ">("):
                empty = False
                pieces[-1] += "/dev/fd/" + GAP
            case tree.Expansion(quoted=quoted) | tree.Substitution(quoted=quoted):
                empty = False
                pieces[-1] += GAP
                many = _many(part)
                if many or not quoted:
                    splits = True
                    if not many:
                        quotable.append((part.start, part.end))
            case _:
                empty = False
                pieces[-1] += GAP
                splits = True
    if empty:
        return []
    if BRACE.search(
        "".join(part.text if isinstance(part, tree.Literal) and not part.quoted else "_" for part in word.parts)
    ):
        pieces[-1] += GAP
        splits, quotable = True, []
    kept = [piece for piece in pieces if piece] if len(pieces) > 1 else pieces
    verbatim, fence = _verbatim(word)
    return [
        Arg(
            text=piece,
            start=word.start,
            end=word.end,
            splits=splits,
            globs=globs,
            quotable=tuple(quotable),
            verbatim=verbatim if len(kept) == 1 else None,
            fence=fence,
        )
        for piece in kept
    ]


def _many(part: tree.Part) -> bool:
    """Whether quotes would not make it one word: `$@`, `$*`, `${name[@]}`."""
    if not isinstance(part, tree.Expansion):
        return False
    inner = {getattr(piece, "text", "") for word in part.inner for piece in word.parts}
    return part.name in ("@", "*") or bool(inner & {"@", "*"})


def _split(value: str) -> list[str]:
    """Field splitting of a known value; a blank at either end parts it from its neighbours."""
    words = re.split(r"[ \t\n]+", value.strip(BLANKS)) if value.strip(BLANKS) else []
    if not words:
        return ["", ""] if value else [""]
    return [*([""] if value[0] in BLANKS else []), *words, *([""] if value[-1] in BLANKS else [])]


def _verbatim(word: tree.Word) -> tuple[int | None, str]:
    """Where the text of the word stands unchanged in the source, and the quote around it."""
    if len(word.parts) != 1 or not isinstance(word.parts[0], tree.Literal):
        return None, ""
    part = word.parts[0]
    width = part.end - part.start
    if width == len(part.text) + 2 and word.start == part.start:
        return part.start + 1, "'"
    if width == len(part.text):
        return part.start, '"' if part.quoted else " "
    return None, ""
