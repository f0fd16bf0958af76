"""One simple command against the tables: program, sub-command, flags, words."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from msgspec import structs

from fireline.core.guard import table
from fireline.core.guard.scope import Scope
from fireline.core.guard.table import Program, Row
from fireline.core.guard.verdict import Effect
from fireline.core.guard.words import GAP, Arg

PLACES = re.compile(r"(?:/usr)?(?:/local)?/s?bin/|/opt/(?:homebrew|gitlab)/(?:embedded/)?bin/")
TERMINAL = {"-i", "--stdin", "--interactive"}  # kept when something is fed in


@dataclass(slots=True, kw_only=True)
class Flag:
    """A flag as found: `value` is None for a switch; `arg` is the word it stands in, `last` that of the value.

    `after` is how many words that are no flags stand before it.
    """

    name: str
    value: str | None
    arg: Arg
    last: Arg
    after: int = 0


@dataclass(slots=True, kw_only=True)
class Reading:
    """A command taken apart by the tables. `trouble` names the first thing that no table knows."""

    program: Program
    rule: str
    row: Row | None = None
    args: list[Arg]  # everything after the program
    start: int
    head: Arg  # the last word of the program and its sub-command
    before: list[Flag] = field(default_factory=list)  # flags of the program itself, where those come first
    flags: list[Flag] = field(default_factory=list)
    words: list[Arg] = field(default_factory=list)
    rest: list[Arg] | None = None  # the wrapped command
    trouble: str = ""
    used: list[Arg] = field(default_factory=list)  # every argument that is not of `rest`

    def all(self, *names: str) -> list[str]:
        """The values of every flag that has one of these names."""
        return [flag.value or "" for flag in self.flags if flag.name in names]

    def given(self) -> set[str]:
        """The names of the flags that are there and not switched off (`--watch=false`)."""
        return {flag.name for flag in self.flags} - {flag.name for flag in self.flags if flag.value == "false"}


def take(args: list[Arg], scope: Scope) -> Reading | None:
    """Take a command apart, or None for a program that no table names.

    It goes by its plain name or by its path in one of the usual places. A row of the site's own tables comes
    before those built in, and the rule of the verdict says so.
    """
    if not args[0].known:
        return None
    place = PLACES.match(args[0].text)
    name = args[0].text[place.end() :] if place else args[0].text
    built_in, site = scope.tables.built_in.get(name), scope.tables.site.get(name)
    if site:
        reading = _apart(args, scope, name, *site, beneath=built_in[1] if built_in else {})
        path = reading.rule.partition(".")[2].replace(".", " ")
        unsure = reading.words and not reading.words[0].known and _leads(path, site[1])
        if reading.row or unsure or not built_in:
            reading.rule = f"site:{reading.rule}"
            return reading
    return _apart(args, scope, name, *built_in, beneath={}) if built_in else None


def _apart(
    args: list[Arg], scope: Scope, name: str, program: Program, rows: Mapping[str, Row], *, beneath: Mapping[str, Row]
) -> Reading:
    """Take a command apart by these rows; the rows `beneath` only tell which flags take a value."""
    parents = any(rows)
    reading = Reading(program=program, rule=name, row=rows.get(""), head=args[0], args=args[1:], start=args[0].start)
    known = {**table.spec(program.flags), **table.spec(reading.row.flags if reading.row else "")}
    path, index, plain, taken = "", 1, False, False
    while index < len(args):
        arg = args[index]
        index += 1
        if not plain and arg.text == "--":
            if reading.row and reading.row.wraps == "dashes":
                reading.rest = args[index:]
                break
            plain, taken = True, args[index - 2].text.startswith("-")  # a flag may take the dashes for its value
        elif not plain and arg.text.startswith("-") and arg.text != "-":
            arg = tamed(arg, reading, scope)
            index += _flag(arg, args[index] if index < len(args) else None, known, reading, scope)
        else:
            if plain:
                arg = structs.replace(arg, plain=True)
                if taken and arg.text.startswith("-"):
                    reading.trouble = reading.trouble or f"{shown(arg.text)!r} after -- after a flag"
            longer = f"{path} {arg.text}".strip()
            if arg.known and not reading.words and _leads(longer, rows):
                path, reading.head = longer, arg
                reading.row = rows.get(path)
                reading.rule = f"{name}.{path.replace(' ', '.')}"
                reading.used.append(arg)
                inherited = {} if program.first else table.spec(program.flags)
                if program.first:
                    reading.before, reading.flags = [*reading.before, *reading.flags], []
                row = reading.row or beneath.get(path)
                known = {**inherited, **table.spec(row.flags if row else "")}
                continue
            reading.words.append(arg)
            if _leads(path, {name: row for name, row in rows.items() if name != path}) if path else parents:
                reading.row = None  # a further word that no row names may be a sub-command of another kind
            row = reading.row
            if row and row.wraps in ("words", "text") and len(reading.words) > row.skip:
                reading.words.pop()
                reading.rest = args[index - 1 :]
                break
            reading.used.append(arg)
    return reading


def _leads(path: str, rows: Mapping[str, Row]) -> bool:
    return path in rows or any(name.startswith(path + " ") for name in rows)


def _flag(arg: Arg, following: Arg | None, known: dict[str, str], reading: Reading, scope: Scope) -> int:
    """Take one word of flags; gives how many words after it were its value."""
    text = arg.text
    reading.used.append(arg)
    if text.startswith("--") or reading.program.dash == "single":
        name, equals, value = text.partition("=")
        if reading.program.dash == "single" and name.startswith("--"):
            name = name[1:]
        kind = known.get(name)
        if kind is None or GAP in name or (kind == "" and equals and value not in ("true", "false")):
            reading.trouble = reading.trouble or f"the flag {shown(name)}"
        elif kind == "=" and not equals:
            return _value(name, arg, following, reading, scope)
        else:
            reading.flags.append(Flag(name=name, value=value if equals else None, arg=arg, last=arg))
        return 0
    if re.fullmatch(r"-\d+", text) and "-#" in known:
        reading.flags.append(Flag(name="-#", value=text[1:], arg=arg, last=arg))
        return 0
    for place, letter in enumerate(text[1:], 1):
        name, rest = f"-{letter}", text[place + 1 :]
        kind = known.get(name)
        if kind is None:
            reading.trouble = reading.trouble or f"the flag {shown(name)}"
            return 0
        if kind == "=" and not rest:
            return _value(name, arg, following, reading, scope)
        reading.flags.append(Flag(name=name, value=rest if kind else None, arg=arg, last=arg))
        if kind:
            return 0
    return 0


def _value(name: str, arg: Arg, following: Arg | None, reading: Reading, scope: Scope) -> int:
    if following is None:
        reading.trouble = reading.trouble or f"the flag {name} without its value"
        return 0
    following = tamed(following, reading, scope)
    if following.splits or (following.globs and not _loose(reading)):
        reading.trouble = reading.trouble or f"the value of {name}, which may become several words"
    if re.match(r"-[^\d]", following.text):  # where a table errs about a flag, none hides behind it
        reading.trouble = reading.trouble or f"the value {shown(following.text)!r} of {name}, which looks like a flag"
    reading.used.append(following)
    reading.flags.append(Flag(name=name, value=following.text, arg=arg, last=following, after=len(reading.words)))
    return 1


def _loose(reading: Reading) -> bool:
    return bool(reading.row and reading.row.loose)


def tamed(arg: Arg, reading: Reading, scope: Scope) -> Arg:
    """The argument with quotes put around what would split it, where splitting could do harm."""
    if not arg.splits or not arg.quotable or _loose(reading):
        return replace_splits(arg) if _loose(reading) and arg.quotable else arg
    spans: list[tuple[int, int]] = []
    for start, end in arg.quotable:
        if spans and spans[-1][1] == start:  # `$a$b` takes one pair of quotes
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    if all(scope.edit(start, start, '"') and scope.edit(end, end, '"') for start, end in spans):
        return replace_splits(arg)
    return arg


def replace_splits(arg: Arg) -> Arg:
    """The argument, taken as one word."""
    return structs.replace(arg, splits=False)


def shown(text: str) -> str:
    """A text for a sentence: what is only known later becomes an ellipsis."""
    return text.replace(GAP, "…")


def judge(reading: Reading, scope: Scope, stdin: str | None) -> Effect:
    """Note what the command itself does, and give that effect; wrapped commands are judged by `scope.call`."""
    row, rule = reading.row, reading.rule
    if row is None:
        word = shown(reading.words[0].text) if reading.words else "nothing"
        scope.unknown(rule, f"The table of {rule} has no row for {word}.")
        return Effect.UNKNOWN
    effect = row.effect
    raised = [to for flag, to in row.raises.items() if _has(flag, reading)]
    rehearsal = _rehearses(row, reading)
    if effect is not Effect.READ and not rehearsal:
        effect = max([effect, *raised])
        scope.add(effect, rule, row.why or f"{_say(rule)} changes something.", unattended=row.unattended, tags=row.tags)
        return effect
    trouble = _trouble(row, reading, scope)
    if trouble:
        if raised:
            scope.add(max(raised), rule, f"{_say(rule)} changes something in this form.")
        scope.unknown(rule, f"No row of the table of {reading.program.names[0]} knows {trouble}.")
        return Effect.UNKNOWN
    effect = max([Effect.READ, *raised])
    if row.at_most >= 0 and len(reading.words) > row.at_most:
        effect = max(effect, row.raises_more)
    unattended = row.unattended
    if row.at_least > len(reading.words):
        effect, unattended = max(effect, Effect.WRITE), False
    if row.needs and not reading.given() & set(row.needs.split()):
        effect = max(effect, row.lacking)
    unattended &= not row.fed or stdin is not None
    if effect is Effect.READ:
        unattended &= _rewrite(row, reading, scope, stdin)
    if effect is Effect.UNKNOWN:
        scope.unknown(rule, f"No row of the table of {reading.program.names[0]} knows this form of {_say(rule)}.")
        return effect
    why = row.why or f"{_say(rule)} only reads."
    if rehearsal:
        why = f"{_say(rule)} is only rehearsed."
    elif effect is not Effect.READ:
        why = f"{_say(rule)} changes something in this form."
    secret = any(re.match(r"secrets?\b", word.text) for word in reading.words)
    tags = (*row.tags, "secret") if secret else row.tags
    speaks = row.wraps or row.check in ("psql", "mysql")  # what it wraps or sends speaks for itself
    if not (speaks and effect is Effect.READ and unattended):
        scope.add(effect, rule, why, unattended=unattended, tags=tags)
    return effect


def _say(rule: str) -> str:
    return rule.replace(".", " ")


def _has(flag: str, reading: Reading) -> bool:
    """Whether a flag is there, also in a command of which not all flags are known."""
    if any(found.name == flag for found in reading.flags):
        return True
    return any(arg.text == flag or arg.text.startswith(f"{flag}=") for arg in reading.used)


def _rehearses(row: Row, reading: Reading) -> bool:
    """Whether a flag makes a rehearsal of it; no other word may turn out to take that back."""
    if any(arg.splits for arg in reading.args) or any(word.may_be_flag for word in reading.words):
        return False
    for name, values in row.safe_with.items():
        given = [flag.value or "" for flag in reading.flags if flag.name == name]
        if given and all(re.fullmatch(values, value) for value in given):
            return True
    return False


def _trouble(row: Row, reading: Reading, scope: Scope) -> str:
    """The first thing in a reading form that its row does not know, in words; "" if all is known."""
    if reading.trouble and not row.any_flag:
        return reading.trouble
    allowed = {**reading.program.values, **row.values}
    for flag in (*reading.before, *reading.flags):
        if flag.name in allowed and not table.pattern(allowed[flag.name]).fullmatch(flag.value or ""):
            return f"the value {shown(flag.value or '')!r} of {flag.name}"
    if row.loose:
        return ""
    for place, word in enumerate(reading.words):
        word = reading.words[place] = tamed(word, reading, scope)  # noqa: PLW2901  # quotes are put around it
        if word.globs and not word.splits and word.may_be_flag and scope.edit(word.start, word.start, "./"):
            continue  # a file named -x stays a file
        if word.may_be_flag and not word.splits and row.any_word:
            continue
        if word.may_be_flag and not word.splits and row.shield and scope.edit(word.start, word.start, f"{row.shield} "):
            return ""  # whatever it turns out to be, it is no flag; the rest is looked at when that is written
        if word.may_be_flag:
            return f"the word {shown(word.text)!r}, which may turn out to be a flag"
        if row.positional and not table.pattern(row.positional).fullmatch(word.text):
            return f"the word {shown(word.text)!r}"
    return ""


def _rewrite(row: Row, reading: Reading, scope: Scope, stdin: str | None) -> bool:
    """Leave out flags that never end or want a terminal, put in a bound; False where that cannot be."""
    drop = {*row.drop, *reading.program.drop}
    if stdin is not None:
        drop -= TERMINAL
    done = True
    words: dict[int, tuple[Arg, list[Flag]]] = {}
    for flag in reading.flags:
        words.setdefault(id(flag.arg), (flag.arg, []))[1].append(flag)
    for arg, flags in words.values():
        gone = [flag for flag in flags if flag.name in drop]
        if not gone:
            continue
        kept = [flag for flag in flags if flag.name not in drop]
        if kept and not arg.text.startswith("--"):
            attached = "".join(flag.name[1:] + (flag.value or "" if flag.last is arg else "") for flag in kept)
            text = " " + shlex.quote("-" + attached) if GAP not in attached else ""
            done &= bool(text) and scope.edit(arg.start - 1, arg.end, text)
        else:
            done &= scope.edit(arg.start - 1, max(flag.last.end for flag in gone), "")
    given = reading.given()
    missing = {text: unless.split() for text, unless in row.add.items() if not given & set(unless.split())}
    more = "".join(f" {text}" for text in missing)
    if any(flag.name in unless for unless in missing.values() for flag in reading.flags):
        done = False  # it is there, switched off, and would count more than what is put in
    elif more:
        done &= scope.edit(reading.head.end, reading.head.end, more)
    return done


def inside(reading: Reading, scope: Scope) -> Scope:
    """The scope of the command that this one wraps: functions of the shell are not known to it."""
    row = reading.row
    return replace(
        scope,
        functions=frozenset(),
        elsewhere=scope.elsewhere or bool(row and row.elsewhere),
        bounded=scope.bounded or bool(row and row.bounds),
    )


def bounded(reading: Reading, scope: Scope) -> bool:
    """Make what goes on for ever end: by the `timeout` that it runs under, or by one that is put before it."""
    return scope.bounded or scope.edit(reading.start, reading.start, "timeout 10 ")
