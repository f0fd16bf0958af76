"""Cloud command lines (aws, gcloud, az, …): groups, then a verb, and the verb says what it does."""

from __future__ import annotations

from fireline.core.guard import table
from fireline.core.guard.program import Reading, shown, tamed
from fireline.core.guard.scope import Scope
from fireline.core.guard.verdict import Effect
from fireline.core.guard.words import GAP, Arg


def aws(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """Judge `aws <service> <operation>` by the first word of the operation, with the exceptions of IAM's list."""
    known = table.facts("aws")
    words, stray = _words(reading, scope, known)
    if len(words) < 2:
        _version(reading, scope, "aws")
        return
    service, operation = words[0], words[1]
    rule = f"aws.{service}.{operation}"
    verb = "batch-get" if operation.startswith("batch-get-") else operation.partition("-")[0]
    pair = f"{service}:{operation}"
    secret = ("secret",) if operation in known["secret"] else ()
    if not all(arg.known for arg in reading.args[:1]) or GAP in service + operation:
        scope.unknown("aws", "Which operation of aws runs is only known when it runs.")
    elif pair == "s3:cp" and len(words) == 4 and words[2].startswith("s3://") and words[3] == "-":
        scope.add(Effect.READ, rule, "It prints an object from S3.")
    elif pair in known["write"] or operation in known["write"]:
        scope.add(Effect.WRITE, rule, f"aws {service} {operation} changes something although it sounds like a read.")
    elif pair in known["local"]:
        scope.add(Effect.LOCAL, rule, f"aws {service} {operation} writes a local file.")
    elif pair in known["read"] or (verb in known["read_verbs"] and "-" in operation):
        file = pair in known["files"] or operation in known["files"]
        if len(words) > 2 and (pair not in known["read"] or file):
            scope.unknown(rule, f"The word {shown(words[2])[:40]} may be a file that aws writes to.")
        elif file:
            scope.unknown(rule, f"aws {service} {operation} writes a local file.")
        elif stray:
            scope.unknown(rule, stray)
        else:
            unattended = _unfollowed(reading, scope)
            scope.add(Effect.READ, rule, f"aws {service} {operation} only reads.", unattended=unattended, tags=secret)
    elif verb in known["destructive_verbs"]:
        scope.add(Effect.DESTRUCTIVE, rule, f"aws {service} {operation} is hard to take back.")
    elif verb in known["write_verbs"]:
        scope.add(Effect.WRITE, rule, f"aws {service} {operation} changes something.")
    else:
        scope.unknown(rule, f"No rule knows the verb of aws {shown(service)} {shown(operation)}.")


def verbs(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """Judge a command line of groups and a verb by its own lists: `facts-<program>.toml`."""
    program = reading.rule.partition(".")[0]
    known = table.facts(program)
    words, stray = _words(reading, scope, known)
    if program == "az" and words == ["rest"]:
        _rest(reading, scope)
        return
    path: list[str] = []
    for word in words:
        path.append(word)
        rule, said = f"{program}.{shown('.'.join(path))}", shown(" ".join(path))
        tags = ("secret",) if "secret" in said or "keyvault" in said else ()
        if " ".join(path) in known["read"] or (word in known["read_verbs"] and len(path) > 1):
            if stray:
                scope.unknown(rule, stray)
            else:
                scope.add(
                    Effect.READ,
                    rule,
                    f"{program} {said} only reads.",
                    unattended=_unfollowed(reading, scope),
                    tags=tags,
                )
            return
        if word in known["destructive_verbs"]:
            scope.add(Effect.DESTRUCTIVE, rule, f"{program} {said} is hard to take back.")
            return
        if word in known["write_verbs"]:
            scope.add(Effect.WRITE, rule, f"{program} {said} changes something.")
            return
        if word not in known["groups"]:
            scope.unknown(rule, f"No table knows {program} {said}.")
            return
    _version(reading, scope, program)


def _rest(reading: Reading, scope: Scope) -> None:
    """`az rest`: a GET of a URL, unless it is told another method, a body or a file."""
    texts = [arg.text for arg in reading.args[1:]]
    given = dict(zip(texts[::2], texts[1::2], strict=False))
    names = {"--method", "-m", "--url", "--uri", "-u", "--headers", "--query", "--output", "-o", "--resource"}
    methods = {given.get(name, "get").lower() for name in ("--method", "-m")}
    sure = all(not arg.splits for arg in reading.args) and len(texts) % 2 == 0 and len(given) == len(texts) // 2
    if sure and set(given) <= names and methods == {"get"} and "override" not in given.get("--headers", "").lower():
        scope.add(Effect.READ, "az.rest", "An HTTP GET only reads.")
    else:
        scope.unknown("az.rest", "Only a GET without a body or a file is known to read.")


def _version(reading: Reading, scope: Scope, program: str) -> None:
    if [arg.text for arg in reading.args] in (["--version"], ["version"], ["help"], ["--help"]):
        scope.add(Effect.READ, program, "It only shows a version or help.")
    else:
        scope.unknown(program, f"What {program} does here is not understood.")


def _words(reading: Reading, scope: Scope, known: dict[str, frozenset[str]]) -> tuple[list[str], str]:
    """The words that are no flag and no value of one, and the first trouble.

    Before the second word only flags that are known may stand: `globals` take one value, `switches` none.
    After it, a flag that is no known switch takes all words up to the next flag.
    """
    words: list[str] = []
    trouble, values = "", 0
    for raw in reading.args:
        arg: Arg = tamed(raw, reading, scope)
        if arg.splits:
            trouble = trouble or f"The word {shown(arg.text)!r} may turn out to be several."
        if arg.text.startswith("-") and arg.text != "-":
            name = arg.text.partition("=")[0]
            if GAP in name:
                trouble = trouble or f"Which flag {shown(arg.text)!r} is, is only known when it runs."
            if len(words) < 2 and name not in known["switches"] | known["globals"]:
                trouble = trouble or f"No table knows the flag {shown(name)} there."
            values = 0 if "=" in arg.text or name in known["switches"] else 1 if len(words) < 2 else 10**6
        elif values:
            values -= 1
        elif arg.text.startswith(GAP):
            trouble = trouble or f"The word {shown(arg.text)!r} may turn out to be a flag."
            words.append(arg.text)
        else:
            words.append(arg.text)
    return words, trouble


def _unfollowed(reading: Reading, scope: Scope) -> bool:
    """Leave out --follow; False where that cannot be done."""
    done = True
    for arg in reading.args:
        if arg.text == "--follow":
            done &= scope.edit(arg.start - 1, arg.end, "")
    return done
