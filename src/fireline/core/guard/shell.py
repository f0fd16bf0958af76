"""The shell itself: statements, pipes, loops, redirections, assignments, and what hides in words.

The effect of a text is the highest of everything that would or might run in it. Nothing is skipped
because a condition seems false.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from fireline.core.guard import program, tree
from fireline.core.guard.checks import CHECKS
from fireline.core.guard.environment import variable
from fireline.core.guard.scope import PIPE, Scope
from fireline.core.guard.verdict import Effect
from fireline.core.guard.words import GAP, Arg, readings, text_of

STREAMS = {"/dev/null", "/dev/stdout", "/dev/stderr"}
# What sets variables that it is told the names of, or runs what does.
NAMING = {"read", "mapfile", "readarray", "getopts", "unset", "wait", "local", "command", "builtin", None}
# What the shell sets by itself.
OWN = re.compile(
    r"_|REPLY|S?RANDOM|SECONDS|LINENO|EPOCH\w+|BASH\w*|OPT\w+|(OLD)?PWD|HIST\w+|MAPFILE|COPROC|PIPESTATUS|FUNCNAME|"
    r"DIRSTACK|E?UID|PPID|GROUPS|COLUMNS|LINES|HOST\w+|OSTYPE|MACHTYPE|SHLVL|COMP_\w+|READLINE_\w+"
)
NUMBER = re.compile(r"(?:-?[0-9]*|\x00)")


def walk(text: str, scope: Scope) -> None:
    """Judge a whole text into `scope`."""
    script = scope.parse(text)
    if script.error is not None:
        scope.unknown("shell.syntax", f"It cannot be read as a shell text: {script.error}")
        return
    if not script.statements:
        scope.add(Effect.READ, "shell.nothing", "There is nothing to run.")
    possible, tainted, names = assigned(script)
    if "*" in names or names & scope.outer:
        scope.unknown("shell.variable", "It sets a variable, but which or to what is only known when it runs.")
    functions = frozenset(node.name for node in tree.nodes(script.statements) if isinstance(node, tree.Function))
    inner = replace(scope, values={}, possible=possible, tainted=tainted | scope.tainted, functions=functions)
    statements(script.statements, inner, None)


def assigned(script: tree.Script) -> tuple[dict[str, tuple[str, ...]], frozenset[str], frozenset[str]]:
    """What the variables of a script may hold.

    Gives the texts that each may be given anywhere in the script, where that is known; the names whose value is
    not sure to be a number; and all names that are set, "*" among them when some are not known.
    """
    possible: dict[str, set[str]] = {}
    tainted: set[str] = set()
    for node in tree.nodes(script.statements):
        match node:
            case tree.Assignment(name=name, value=value, plain=plain):
                text = text_of(value, {}) if value else ""
                if plain and text is not None:
                    possible.setdefault(name, set()).add(text)
                elif plain and value and (_sums(value) or tree.counts(value)):
                    possible.setdefault(name, set()).add(GAP)
                else:
                    tainted.add(name)
            case tree.For(name=name, items=items):
                texts = [text_of(item, {}) for item in items or ()]
                if items is None or None in texts:
                    tainted.add(name)
                possible.setdefault(name, set()).update(text for text in texts if text is not None)
            case tree.Expansion(name=name, assigns=True):
                tainted.add(name)
            case tree.Arithmetic(assigned=names) | tree.Test(assigned=names):
                for name in names:
                    possible.setdefault(name, set()).add(GAP)
            case tree.Call(words=words) if words and text_of(words[0], {}) in NAMING:
                texts = [text_of(word, {}) for word in words[1:]]
                texts = [] if texts[:1] == ["-v"] else texts  # command -v only looks up
                tainted.update(text or "*" for text in texts if text != "")
            case _:
                pass
    tainted |= {name for name in possible if OWN.fullmatch(name)}
    sure = {name: tuple(sorted(texts)) for name, texts in possible.items() if name not in tainted and GAP not in texts}
    uncounted = {name for name, texts in possible.items() if not all(NUMBER.fullmatch(text) for text in texts)}
    return sure, frozenset(tainted | uncounted), frozenset(possible) | tainted


def _sums(word: tree.Word) -> bool:
    return all(isinstance(part, tree.Arithmetic) for part in word.parts)


def statements(found: Iterable[tree.Statement], scope: Scope, stdin: str | None) -> None:
    """Judge statements that run one after the other in the same shell."""
    for statement in found:
        one(statement, scope, stdin)


def one(statement: tree.Statement, scope: Scope, stdin: str | None) -> None:
    """Judge one statement with its redirections."""
    before = len(scope.findings)
    for redirect in statement.redirects:
        insides(redirect.target, scope)
        if redirect.body:
            insides(redirect.body, scope)
        stdin = redirected(redirect, scope, stdin)
    if statement.background:
        scope.add(Effect.READ, "shell.background", "It would go on in the background.", unattended=False)
    match statement.command:
        case tree.Call() as call:
            simple(call, scope, stdin)
        case tree.Pair(op="|" | "|&", left=left, right=right):
            one(left, branch(scope), stdin)
            one(right, branch(scope), printed(left, scope))
        case tree.Pair(op=op, left=left, right=right):
            one(left, scope, stdin)
            one(right, scope if op == ";" else branch(scope), stdin)
        case tree.Compound() as compound:
            several(compound, scope, stdin)
        case tree.For() as loop:
            over(loop, scope, stdin)
        case tree.Function(body=body):
            one(body, branch(scope), PIPE)
        case tree.Test() as test:
            tested(test, scope, stdin)
        case tree.Declaration() as declaration:
            declared(declaration, scope)
        case tree.Opaque(what=what):
            scope.unknown("shell.opaque", f"The guard has no rule for {what}.")
        case None:
            scope.add(Effect.READ, "shell.redirect", "It runs no command.")
    if len(scope.findings) == before:
        scope.unknown("shell.nothing", "No rule says what a part of it does.")


def printed(left: tree.Statement, scope: Scope) -> str:
    """What a plain `echo` or `true` feeds into a pipe."""
    words = left.command.words if isinstance(left.command, tree.Call) and not left.redirects else ()
    texts = [text_of(word, {}) or GAP for word in words]
    if texts[:1] == ["true"] and "true" not in scope.functions:
        return ""
    plain = not any(text.startswith("-") or "\\" in text for text in texts)
    if texts[:1] != ["echo"] or "echo" in scope.functions or not plain:
        return PIPE
    return " ".join(texts[1:]) + "\n"


def branch(scope: Scope) -> Scope:
    """A scope for what may not run: what it learns about variables stays there."""
    return replace(scope, values=dict(scope.values))


def simple(call: tree.Call, scope: Scope, stdin: str | None) -> None:
    """Judge assignments, then the program in every form that its words may take."""
    for assign in call.assigns:
        assignment(assign, scope, given=bool(call.words))
    for word in call.words:
        insides(word, scope)
    if not call.words:
        return
    for args in readings(call.words, scope.values):
        if not args:
            scope.unknown("program", "Whether it runs anything is only known when it runs.")
            continue
        before = len(scope.findings)
        command(args, scope, stdin)
        if len(scope.findings) == before:
            scope.unknown("program", f"No rule says what {program.shown(args[0].text)} does here.")


def command(args: list[Arg], scope: Scope, stdin: str | None) -> None:
    """Judge one program with its arguments."""
    scope.ran.append((args, scope.elsewhere))
    reading = program.take(args, scope)
    if reading is None:
        name = program.shown(args[0].text)
        if args[0].known and args[0].text in scope.functions:
            scope.add(Effect.READ, "shell.function", f"{name} is defined in this text and judged there.")
        elif args[0].known:
            scope.unknown("program", f"No table knows the program {name[:60]}.")
        else:
            scope.unknown("program", "Which program it starts is only known when it runs.")
        return
    row = reading.row
    if row and row.check:
        CHECKS[row.check](reading, scope, stdin)
        return
    effect = program.judge(reading, scope, stdin)
    if row is None or not row.wraps or effect is Effect.UNKNOWN:
        return
    CHECKS["wraps"](reading, scope, stdin)


def several(compound: tree.Compound, scope: Scope, stdin: str | None) -> None:
    """Judge an if, a loop, a case, a group: everything in it."""
    for word in compound.words:
        insides(word, scope)
    inner = scope if compound.kind in ("block", "time") else branch(scope)
    if compound.kind in ("while", "until"):
        endless(compound, inner)
    if not compound.conditions and not compound.body:  # `case x in y) ;; esac`
        scope.add(Effect.READ, "shell.nothing", "There is nothing to run in it.")
    statements(compound.conditions, inner, stdin)
    statements(compound.body, inner, stdin)


def endless(loop: tree.Compound, scope: Scope) -> None:
    """A loop that waits for the world never ends for sure; one that only repeats is done once instead."""
    head = loop.conditions[0].command if len(loop.conditions) == 1 else None
    words = [text_of(word, {}) for word in head.words] if isinstance(head, tree.Call) else []
    if words[:1] == ["read"]:
        return  # ends with its input
    jumps = {"break", "continue"} & {
        text_of(node.words[0], {}) for node in tree.nodes(loop.body) if isinstance(node, tree.Call) and node.words
    }
    if loop.kind == "while" and words[:1] in (["true"], [":"], ["sleep"]) and loop.body and not jumps:
        first, last = loop.body[0].start, loop.body[-1].end
        if scope.edit(loop.start, first, "{ ") and scope.edit(last, loop.end, "; }"):
            scope.add(Effect.READ, "shell.loop", "The endless loop is run once.")
            return
    scope.add(Effect.READ, "shell.loop", "Nothing says that the loop ends.", unattended=False)


def over(loop: tree.For, scope: Scope, stdin: str | None) -> None:
    """Judge a `for`: its body with every word of its list, when the list is certain."""
    for word in loop.items or ():
        insides(word, scope)
    inner = branch(scope)
    inner.values.pop(loop.name, None)
    if loop.name in scope.possible:
        inner.values[loop.name] = scope.possible[loop.name]
    variable(loop.name, scope, given=False)
    statements(loop.body, inner, stdin)


def tested(test: tree.Test, scope: Scope, stdin: str | None) -> None:
    """Judge `[[ ]]`, `(( ))` and the C-style `for`."""
    for word in test.words:
        insides(word, scope)
    counted(test.names, scope)
    for name in test.assigned:
        variable(name, scope, given=False)
    scope.add(Effect.READ, "shell.test", "It only compares or counts.")
    statements(test.body, branch(scope), stdin)


def counted(names: Iterable[str], scope: Scope) -> None:
    """Bash runs `a[$(…)]` when it counts with a variable of that value: such values must be certain."""
    for name in names:
        if name in scope.tainted or name == "?":
            what = "a value" if name == "?" else name
            scope.unknown("shell.arithmetic", f"It counts with {what} that is only known when it runs.")


def declared(declaration: tree.Declaration, scope: Scope) -> None:
    """Judge `export`, `local` and their like."""
    for flag in declaration.flags:
        if text_of(flag, {}) not in ("-r", "-x", "-a", "-A", "-g", "-p", "-gx", "-rx"):
            scope.unknown("shell.declare", "It declares a variable with a flag that no rule knows.")
    for assign in declaration.assigns:
        assignment(assign, scope, given=False)
    scope.add(Effect.READ, "shell.declare", "It only declares or shows variables.")


def assignment(assign: tree.Assignment, scope: Scope, *, given: bool) -> None:
    """Judge `name=value`; `given` says that it is handed to one program."""
    for word in (*((assign.value,) if assign.value else ()), *assign.inner):
        insides(word, scope)
    counted(assign.names, scope)
    variable(assign.name, scope, given=given)
    if not given and assign.name in scope.possible:
        scope.values[assign.name] = scope.possible[assign.name]


def redirected(redirect: tree.Redirect, scope: Scope, stdin: str | None) -> str | None:
    """Judge one redirection; gives standard input as it is after it."""
    target = text_of(redirect.target, scope.values)
    match redirect.op:
        case "<<" | "<<-":
            return text_of(redirect.body, scope.values) or PIPE if redirect.body else ""
        case "<<<":
            return target if target is not None else PIPE
        case "<" | "<&":
            if target == "/dev/null":
                return ""
            if target is not None and target.startswith("/dev/") and target not in ("/dev/null", "/dev/stdin"):
                scope.unknown("shell.redirect", f"It reads from {target}.")
            return PIPE
        case ">&" if target is not None and re.fullmatch(r"[0-9]|-", target):
            return stdin
        case ">" | ">>" | ">|" | "&>" | "&>>" | ">&" if target in STREAMS:
            return stdin
        case ">" | ">>" | ">|" | "&>" | "&>>" | ">&" | "<>":
            if target is None:
                scope.add(Effect.WRITE, "shell.redirect", "It writes to a file whose name is only known then.")
            elif target.startswith("/dev/"):
                scope.add(Effect.WRITE, "shell.redirect", f"It writes to {target}.")
            else:
                scope.add(Effect.LOCAL, "shell.redirect", f"It writes to the file {target}.")
        case other:
            scope.unknown("shell.redirect", f"The guard has no rule for the redirection {other}.")
    return stdin


def insides(word: tree.Word, scope: Scope) -> None:
    """Judge what runs while a word is expanded."""
    for part in word.parts:
        match part:
            case tree.Substitution(op=op, statements=inner):
                statements(inner, branch(scope), PIPE if op == ">(" else None)
            case tree.Expansion(inner=inner_words):
                for inner_word in inner_words:
                    insides(inner_word, scope)
                if part.assigns:
                    variable(part.name, scope, given=False)
            case tree.Arithmetic(inner=inner_words, names=names, assigned=set_names):
                for inner_word in inner_words:
                    insides(inner_word, scope)
                counted(names, scope)
                for name in set_names:
                    variable(name, scope, given=False)
            case tree.Opaque(what=what):
                scope.unknown("shell.opaque", f"The guard has no rule for {what}.")
            case _:
                pass
