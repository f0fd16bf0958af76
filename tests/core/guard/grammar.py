"""A seeded grammar of shell texts for the fuzz run: reads and writes, quoted, nested, redirected, and garbled.

A text says of itself whether bash would run a known write in it. Garbled texts promise nothing: for those that
are judged a read, `bench/guard_fuzz.py` runs bash to see.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

READS = (
    "ls -l", "kubectl get pods -n shop", "kubectl describe pod web-0", "uptime", "df -h", "cat notes.txt", "true",
    "echo done", "ps aux", "grep -c error app.log", "wc -l notes.txt", "date +%s", "curl -m 5 https://x.example/health",
    "psql -c 'SELECT 1'", "redis-cli PING", "git --no-pager log -3", "head -5 app.log", "sed -n 1,5p app.log",
    "awk '{print $1}' app.log", "find . -name '*.log'", "sort -u names.txt", "[ -f notes.txt ]", "id -u", "x=1",
)  # fmt: skip
WRITES = (
    "rm -rf data", "kubectl delete pod web-0", "kubectl -n shop scale deploy/web --replicas=0", "reboot", "tee out.txt",
    "sed -i s/a/b/ app.log", "curl -X POST https://x.example", "psql -c 'DELETE FROM orders'", "redis-cli FLUSHALL",
    "systemctl restart web", "git push --force", "frobnicate --now", "find . -delete", "sort -o out.txt names.txt",
    "echo x > out.txt", "date -s tomorrow", "docker rm web", "mv a b", "helm rollback web", "eval 'rm data'",
)  # fmt: skip
CHARACTERS = "'\"`$(){}[]<>|&;#\\ \n\t!*?~=:,-+@%^0aé\u00a0\u2028\x00\r\x7f\ufeff"
SPOILERS = (
    *CHARACTERS, "$(", "${", "<<", "<<EOF\n", "\nEOF\n", "&&", "||", ";;", "$((", "))", "[[ ", " ]]", "<(", "do ",
    "done", "fi", "if ", "-f", "--", "\\\n", "$'", '$"', "&>", ">&", "2>", "then ", "esac", "case ", "in ", "function ",
    "coproc ", "time ",
)  # fmt: skip
LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Text:
    """A generated text; `writes` says that bash runs a known write in it; `inner` are texts handed to a shell in it."""

    text: str
    writes: bool
    inner: tuple[str, ...] = ()
    garbled: bool = False


def texts(seed: int, count: int) -> list[Text]:
    """`count` texts from a seed, the same ones every time."""
    chance = random.Random(seed)  # a seeded choice of test inputs
    return [_garbled(chance) if chance.random() < 0.25 else _nested(chance, chance.randrange(4)) for _ in range(count)]


def quoted(text: str) -> str:
    """The text as one word of single quotes."""
    return "'" + text.replace("'", "'\\''") + "'"


def _nested(chance: random.Random, depth: int) -> Text:
    if depth == 0:
        if chance.random() < 0.35:
            return Text(chance.choice(WRITES), writes=True)
        return Text(chance.choice(READS), writes=False)
    one = _nested(chance, depth - 1)
    if len(one.text) > LONGEST:
        return one
    if chance.random() < 0.35:
        two = _nested(chance, chance.randrange(depth))
        joint = chance.choice(["\n", "; ", " && ", " || ", " | "])
        both = f"{{ {one.text}\n}}{joint}{{ {two.text}\n}}"
        return Text(both, one.writes or two.writes, one.inner + two.inner)
    text = one.text
    wraps = (
        f"$({text}\n)", f'echo "$({text}\n)"', f"echo ${{x:-$({text}\n)}}", f"cat <({text}\n)", f"true > >({text}\n)",
        f"if {text}\nthen true; fi", f"if true; then {text}\nfi", f"for i in 1 2; do {text}\ndone", f"({text}\n)",
        f"while {text}\ndo break; done", f"case x in x) {text}\n;; esac", f"f() {{ {text}\n}}; f", f"! {{ {text}\n}}",
        f"cat <<END\n$({text}\n)\nEND", f"cat <<< $({text}\n)", f"x=$({text}\n)", f"export x=$({text}\n)", f"{text}\n",
        f"[[ -n $({text}\n) ]]", f"a=(1 $({text}\n))", f"time {{ {text}\n}}", f"{{ {text}\n}} 2>/dev/null", f" {text}",
        f"{{ {text}\n}} & wait", f"true || {text}", f"echo $(( $({text}\n) + 1 ))", f"echo {{a,$({text}\n)}}",
        f"\\\n{text}", f'ls "${{x#$({text}\n)}}"', f"select i in 1; do {text}\nbreak; done",
    )  # fmt: skip
    handed = (
        f"sh -c {quoted(text)}", f"bash -c {quoted(text)}", f"eval {quoted(text)}", f"ssh web1 {quoted(text)}",
        f"kubectl exec web-0 -- sh -c {quoted(text)}", f"sudo bash -c {quoted(text)}",
        f"timeout 5 sh -c {quoted(text)}", f"env sh -c {quoted(text)}", f"xargs -I% sh -c {quoted(text)}",
    )  # fmt: skip
    if chance.random() < 0.2:
        return Text(chance.choice(handed), one.writes, (*one.inner, text))
    return Text(chance.choice(wraps), one.writes, one.inner)


def _garbled(chance: random.Random) -> Text:
    text = _nested(chance, chance.randrange(3)).text
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(text) + 1)
        match chance.randrange(4):
            case 0 | 1:
                text = text[:at] + chance.choice(SPOILERS) + text[at:]
            case 2:
                text = text[:at] + text[at + chance.randrange(1, 8) :]
            case _:
                other = chance.choice(READS + WRITES)
                text = text[:at] + other[: chance.randrange(len(other))] + text[at:]
    return Text(text, writes=False, garbled=True)
