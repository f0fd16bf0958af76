"""Programs whose arguments are a small language: find, sed, awk, tee, curl."""

from __future__ import annotations

import re
from dataclasses import replace

from msgspec import structs

from fireline.core.guard.program import Reading, inside, judge, shown, tamed
from fireline.core.guard.scope import PIPE, Scope
from fireline.core.guard.verdict import Effect
from fireline.core.guard.words import GAP, Arg

STREAMS = {"/dev/null", "/dev/stderr", "/dev/stdout"}
# One sed command that only edits the stream: an address, then p d q = n N D P g G h H x l z {} b t T,
# s///, y///. Not e, w, W, r, R, F, nor the flags e and w of s.
_ADDRESS = r"(?:\d+|\$|/(?:\\.|[^/\\\n])+/I?)(?:~\d+)?"
_WHERE = rf"(?:{_ADDRESS}(?:\s*,\s*[+~]?{_ADDRESS})?\s*!?\s*)?"
_SWAP = r"s(?P<d>[/|,#:@!%_])(?:\\.|(?!(?P=d))[^\\])*(?P=d)(?:\\.|(?!(?P=d))[^\\])*(?P=d)[gpiI0-9]*"
_TURN = r"y/(?:\\.|[^/\\])*/(?:\\.|[^/\\])*/"
SED = re.compile(
    rf"\s*{_WHERE}(?:{_SWAP}|{_TURN}|[pdq=nNDPgGhHxlz]|[btT:]\s*\w*|[{{}}])\s*(?:[;\n}}]|(?<=\{{)|$)\s*", re.DOTALL
)
TESTS_ONE = {
    "-name",
    "-iname",
    "-path",
    "-ipath",
    "-wholename",
    "-regex",
    "-iregex",
    "-regextype",
    "-type",
    "-xtype",
    "-size",
    "-mtime",
    "-mmin",
    "-atime",
    "-amin",
    "-ctime",
    "-cmin",
    "-newer",
    "-newermt",
    "-anewer",
    "-cnewer",
    "-user",
    "-group",
    "-uid",
    "-gid",
    "-perm",
    "-maxdepth",
    "-mindepth",
    "-links",
    "-inum",
    "-samefile",
    "-fstype",
    "-lname",
    "-used",
    "-printf",
    "-context",
}
TESTS_NONE = {
    "!",
    "(",
    ")",
    "-a",
    "-and",
    "-o",
    "-or",
    "-not",
    ",",
    "-print",
    "-print0",
    "-ls",
    "-prune",
    "-quit",
    "-empty",
    "-xdev",
    "-mount",
    "-depth",
    "-follow",
    "-L",
    "-H",
    "-P",
    "-readable",
    "-writable",
    "-executable",
    "-nouser",
    "-nogroup",
    "-true",
    "-false",
    "-daystart",
    "-noleaf",
    "-warn",
    "-nowarn",
    "-ignore_readdir_race",
}


def find(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """Judge `find`: its tests read, what it runs on the files is judged as a command."""
    args, index = reading.args, 0
    while index < len(args):
        arg = tamed(args[index], reading, scope)
        index += 1
        if arg.globs and not arg.splits and arg.may_be_flag and scope.edit(arg.start, arg.start, "./"):
            continue
        if arg.may_be_flag:
            scope.unknown("find", f"The word {shown(arg.text)!r} may turn out to be an action of find.")
            return
        name = arg.text
        if name in ("-exec", "-execdir", "-ok", "-okdir"):
            ends = [at for at in range(index, len(args)) if _ends(args, at)]
            if not ends or ends[0] == index or name.startswith("-ok"):
                scope.unknown("find.exec", "What find runs on the files cannot be read.")
                return
            inner = [
                Arg(
                    text=one.text.replace("{}", "./" + GAP),
                    start=one.start,
                    end=one.end,
                    splits=one.splits,
                    globs=one.globs,
                )
                for one in args[index : ends[0]]
            ]
            scope.call(inner, inside(reading, scope), PIPE)
            index = ends[0] + 1
        elif name == "-delete":
            scope.add(Effect.DESTRUCTIVE, "find.-delete", "find deletes the files it finds.")
        elif name in ("-fprint", "-fprint0", "-fls", "-fprintf"):
            scope.add(Effect.LOCAL, f"find.{name}", "find writes its list to a file.")
            index += 2 if name == "-fprintf" else 1
        elif name in TESTS_ONE:
            value = tamed(args[index], reading, scope) if index < len(args) else arg
            index += 1
            if value.splits or (value.globs and "." not in value.text):  # no action of find has a dot in it
                scope.unknown("find", f"The value of {name} may turn out to be several words.")
                return
        elif name == ";" or (name.startswith("-") and name not in TESTS_NONE):
            scope.unknown("find", f"No rule knows {shown(name)} of find.")
            return
    scope.add(Effect.READ, "find", "find only looks.")


def _ends(args: list[Arg], at: int) -> bool:
    """Whether the command of `-exec` ends here: at a semicolon, or at a plus after the braces."""
    return args[at].text == ";" or (args[at].text == "+" and args[at - 1].text == "{}")


def sed(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """Judge `sed`: its script may only edit the stream."""
    if judge(reading, scope, stdin) is not Effect.READ:
        return
    scripts = reading.all("-e", "--expression") or [arg.text for arg in reading.words[:1]]
    if not scripts or not all(_streams(script) for script in scripts):
        scope.unknown("sed.script", "The sed script is not on the list of forms that only edit the stream.")


def _streams(script: str) -> bool:
    if GAP in script:
        return False
    place = 0
    while place < len(script):
        found = SED.match(script, place)
        if not found or found.end() == place:
            return False
        if re.search(rf"\[[^\]]*[/{re.escape(found['d'] or '/')}]", found[0]):
            return False  # seds do not agree whether a delimiter ends the pattern within brackets
        place = found.end()
    return True


def awk(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """Judge `awk`: no system, no pipe, no getline, no print into a file; strings are not told from code."""
    if judge(reading, scope, stdin) is not Effect.READ:
        return
    program = reading.words[0].text if reading.words else GAP
    bare = program.replace("||", "")
    if GAP in bare or re.search(r"system|getline|@|print.*[>|]|\\\n", bare, re.DOTALL):
        scope.unknown("awk.program", "The awk program may run or write something.")


def tar(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """Judge `tar`: it only lists with -t, or with a first word like `tzf`."""
    first = reading.args[0].text if reading.args else ""
    if re.fullmatch(r"(?=[a-zJ]*t)[tvzjJaf]+", first) and not reading.flags and not reading.trouble:
        needless = structs.replace(reading.row, needs="") if reading.row else None
        judge(replace(reading, row=needless), scope, stdin)
    else:
        judge(reading, scope, stdin)


def tee(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """Judge `tee`: it writes every file it is given; streams are no files."""
    if judge(reading, scope, stdin) is not Effect.READ:
        return
    if any(arg.text not in STREAMS or not arg.known for arg in reading.words):
        scope.add(Effect.LOCAL, "tee", "tee writes to a file.")


def curl(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """Judge `curl`: GET and HEAD read; data without --get makes a POST of it."""
    effect = judge(reading, scope, stdin)
    if effect is not Effect.READ:
        return
    _schemes(reading, scope)
    methods = reading.all("-X", "--request")
    if any(method.upper() not in ("GET", "HEAD", "OPTIONS") for method in methods):
        bad = methods[-1].upper()
        if GAP in bad:
            scope.unknown("curl", "Which method curl uses is only known when it runs.")
        elif bad == "DELETE":
            scope.add(Effect.DESTRUCTIVE, "curl.DELETE", "An HTTP DELETE deletes something.")
        else:
            scope.add(Effect.WRITE, f"curl.{bad[:20]}", f"An HTTP {bad[:20]} may change something.")
    data = {"-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "--data-ascii", "--json", "-F", "--form"}
    given = {flag.name for flag in reading.flags}
    read_by_name = methods and all(method.upper() in ("GET", "HEAD", "OPTIONS") for method in methods)
    if given & data and not read_by_name and (not given & {"-G", "--get"} or given & {"-F", "--form", "--json"}):
        scope.add(Effect.WRITE, "curl.data", "curl sends data, which makes it a POST.")
    for name in reading.all("-o", "--output", "-D", "--dump-header", "-c", "--cookie-jar"):
        if name not in STREAMS | {"-"}:
            scope.add(Effect.LOCAL, "curl.output", "curl writes what it gets to a file.")


def _schemes(reading: Reading, scope: Scope) -> None:
    """Without a plain scheme curl guesses: `gopher:/redis/_FLUSHALL` is no GET. --proto stops it, if nobody has."""
    urls = [word.text for word in reading.words if not word.may_be_flag] + reading.all("--url")
    sure = all(re.fullmatch(r"https?://.*|[A-Za-z0-9.-]+(:[0-9]+)?([/?][^{}]*)?", url, re.DOTALL) for url in urls)
    head = reading.head.end
    if any(re.match(r"(?!https?:)[A-Za-z][\w+.-]*:/", url) for url in urls):
        scope.unknown("curl", "Only what curl does over HTTP is known.")
    elif sure or reading.all("--proto") or scope.edit(head, head, " --proto =http,https"):
        return
    else:
        scope.unknown("curl", "Which protocol curl speaks is only known when it runs: add --proto =http,https.")


def sampled(reading: Reading, scope: Scope, stdin: str | None) -> None:
    """Judge `vmstat` and its kin: an interval without a count never ends, so it gets one."""
    if judge(reading, scope, stdin) is Effect.READ and sum(arg.text.isdigit() for arg in reading.words) == 1:
        place = reading.words[-1].end
        if not (scope.bounded or (reading.words[-1].text.isdigit() and scope.edit(place, place, " 5"))):
            scope.add(Effect.READ, reading.rule, "It goes on for ever without a count.", unattended=False)
