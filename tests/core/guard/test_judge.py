"""The guard says what a command does, and is wrong on the safe side only."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fireline.core.guard import Effect, judge, table
from fireline.core.guard.checks import CHECKS
from fireline.core.guard.tree import Script
from fireline.shell import parse

HERE = Path(__file__).parent
ROWS = [
    pytest.param(row, id=f"{file.stem}: {row['command'][:50]}")
    for file in sorted(HERE.glob("*.toml"))
    for row in tomllib.loads(file.read_text()).get("row", ())
]
COMMANDS = [row.values[0]["command"] for row in ROWS]  # type: ignore[index]
PLAIN = [text for text in COMMANDS if re.fullmatch(r"[\w ./:=@%+,-]+", text)]
ONE_LINERS = [text for text in COMMANDS if re.fullmatch(r"[^\n#&]+", text)]


@pytest.mark.parametrize("row", ROWS)
def test_each_command_has_the_effect_its_row_says(row: dict[str, Any]) -> None:
    verdict = judge(row["command"], parse=parse)
    said = {
        "effect": verdict.effect,
        "unattended": verdict.unattended,
        "rule": verdict.rule,
        "rewritten": verdict.rewritten,
    }
    assert {name: said[name] for name in row if name != "command"} == {
        name: value for name, value in row.items() if name != "command"
    }
    assert verdict.why
    assert not (verdict.unattended and verdict.effect.writes)


@pytest.mark.parametrize("row", ROWS)
def test_what_is_rewritten_is_what_was_judged(row: dict[str, Any]) -> None:
    verdict = judge(row["command"], parse=parse)
    if verdict.rewritten is not None:
        again = judge(verdict.rewritten, parse=parse)
        assert again.rewritten is None
        assert again.effect == verdict.effect
        assert again.unattended == verdict.unattended


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


WRAPPINGS = {
    "substituted": lambda text: f"echo $({text}\n)",
    "in quotes": lambda text: f'echo "$({text}\n)"',
    "in a default": lambda text: f"echo ${{x:-$({text}\n)}}",
    "in a process": lambda text: f"cat <({text}\n)",
    "after": lambda text: f"uptime; {text}",
    "before": lambda text: f"{text}\nuptime",
    "if true": lambda text: f"true && {{ {text}\n}}",
    "if not": lambda text: f"if false; then {text}\nfi",
    "looped": lambda text: f"for i in 1 2; do {text}\ndone",
    "in a function": lambda text: f"f() {{ {text}\n}}",
    "in a subshell": lambda text: f"({text}\n)",
    "handed to sh": lambda text: f"sh -c {quoted(text)}",
    "handed to eval": lambda text: f"eval {quoted(text)}",
    "handed to a host": lambda text: f"ssh web1 {quoted(text)}",
    "in a container": lambda text: f"kubectl exec web-0 -- sh -c {quoted(text)}",
    "watched": lambda text: f"watch {quoted(text)}",
    "redirected": lambda text: f"{{ {text}\n}} > out.txt",
    "piped": lambda text: f"{{ {text}\n}} | cat",
    "appended": lambda text: f"{{ {text}\n}} >> out.txt",
    "fed": lambda text: f"{{ {text}\n}} < notes.txt",
    "negated": lambda text: f"! {{ {text}\n}}",
    "timed": lambda text: f"time {{ {text}\n}}",
    "in the background": lambda text: f"{{ {text}\n}} & wait",
    "in a list of names": lambda text: f"for i in $({text}\n); do true; done",
    "in a test": lambda text: f"[[ -n $({text}\n) ]]",
    "in a sum": lambda text: f"echo $(( $({text}\n) + 1 ))",
    "in a case": lambda text: f"case x in x) {text}\n;; esac",
    "handed to sudo": lambda text: f"sudo bash -c {quoted(text)}",
    "handed to timeout": lambda text: f"timeout 5 sh -c {quoted(text)}",
    "handed to env": lambda text: f"env sh -c {quoted(text)}",
    "handed to xargs": lambda text: f"xargs -I% sh -c {quoted(text)}",
    "in a here-document": lambda text: f"cat <<END\n$({text}\n)\nEND",
}  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(text=st.sampled_from(ONE_LINERS), names=st.lists(st.sampled_from(sorted(WRAPPINGS)), min_size=1, max_size=2))
def test_a_command_is_never_judged_lower_for_being_wrapped(text: str, names: list[str]) -> None:
    alone = judge(text, parse=parse).effect
    wrapped = text
    for name in names:
        wrapped = WRAPPINGS[name](wrapped)
    assert judge(wrapped, parse=parse).effect >= alone, wrapped


@settings(max_examples=150, deadline=None)
@given(
    text=st.sampled_from([text for text in COMMANDS if re.fullmatch(r"[\w ./:=@%+,-]+", text)]),
    mark=st.sampled_from(["'", '"', "\\"]),
)
def test_a_command_is_never_judged_lower_for_the_way_its_words_are_quoted(text: str, mark: str) -> None:
    """Quotes take meaning away from no letter here, so the verdict is the same; an assignment in quotes is none."""
    first, *rest = text.split()
    words = [first, *(f"\\{word}" if mark == "\\" and word[0].isalpha() else quoted_by(mark, word) for word in rest)]
    alone, again = judge(text, parse=parse), judge(" ".join(words), parse=parse)
    assert again.effect >= alone.effect or "=" in first, " ".join(words)


def quoted_by(mark: str, word: str) -> str:
    return word if mark == "\\" else f"{mark}{word}{mark}"


@settings(max_examples=80, deadline=None)
@given(
    texts=st.lists(st.sampled_from(ONE_LINERS), min_size=2, max_size=3),
    joint=st.sampled_from(["\n", " && ", " || ", " | "]),
)
def test_a_text_is_never_judged_lower_than_any_of_its_parts(texts: list[str], joint: str) -> None:
    alone = [judge(text, parse=parse) for text in texts]
    joined = judge(joint.join(f"{{ {text}\n}}" for text in texts), parse=parse)
    if joint != " | ":  # what is piped in may end a session that would wait at a terminal
        assert joined.effect >= max(verdict.effect for verdict in alone)
    assert joined.effect.writes >= any(verdict.effect.writes for verdict in alone)


@settings(max_examples=150, deadline=None)
@given(text=st.text(alphabet=st.sampled_from(string.printable + "é\x00\ud800$`\"'<>{}|;&()"), max_size=60))
def test_no_text_makes_the_guard_raise(text: str) -> None:
    assert judge(text, parse=parse).effect in Effect


def test_without_a_parser_nothing_is_known() -> None:
    verdict = judge("ls", parse=lambda _: Script(error="shfmt is not installed"))
    assert verdict.effect is Effect.UNKNOWN
    assert not verdict.unattended
    assert "shfmt" in verdict.why


def test_effects_are_ordered_and_unknown_counts_as_a_write() -> None:
    assert sorted(Effect, key=lambda effect: effect.rank) == ["read", "local", "write", "destructive", "unknown"]
    assert Effect.READ < Effect.LOCAL < Effect.WRITE < Effect.DESTRUCTIVE < Effect.UNKNOWN
    assert [effect for effect in Effect if not effect.writes] == [Effect.READ]


def test_a_part_that_destroys_is_tagged_even_where_another_is_not_understood() -> None:
    verdict = judge("frobnicate; kubectl delete pod web-0", parse=parse)
    assert verdict.effect is Effect.UNKNOWN
    assert "destructive" in verdict.tags


def test_every_row_names_rules_and_expressions_that_exist() -> None:
    """Every rule in code that a row names exists, and every expression of a row is one."""
    for name, (_, rows) in table.built_in().built_in.items():
        for sub, row in rows.items():
            assert not row.check or row.check in CHECKS, f"{name} {sub}"
            table.pattern(row.positional)
            for expression in row.values.values():
                table.pattern(expression)


def test_of_the_commands_labelled_by_hand_no_write_is_judged_read_and_the_reads_run_by_themselves() -> None:
    said = [tomllib.loads(file.read_text()) for file in sorted(HERE.glob("labelled_*.toml"))]
    reads, writes = ([text for one in said for text in one.get(label, ())] for label in ("read", "write"))
    assert [text for text in writes if not judge(text, parse=parse).effect.writes] == []
    waiting = [text for text in reads if not judge(text, parse=parse).unattended]
    assert len(waiting) / len(reads) <= 0.02, waiting


@pytest.mark.req(60)
def test_the_labelled_commands_hold_no_write_that_is_judged_a_read(shared: Path) -> None:
    lines = (shared / "data" / "commands_labelled.tsv").read_text().splitlines()[1:]
    rows = [line.split("\t", 3) for line in lines if "ambiguous" not in line.split("\t", 3)[2]]
    verdicts = [(label, judge(plain(command), parse=parse)) for label, _, _, command in rows]
    assert [verdict for label, verdict in verdicts if label == "write" and not verdict.effect.writes] == []
    reads = [verdict.unattended for label, verdict in verdicts if label == "read"]
    assert sum(reads) / len(reads) >= 0.95


@pytest.mark.req(60)
def test_the_seed_runbook_has_25_commands_that_run_by_themselves_and_14_that_wait(shared: Path) -> None:
    seed = (shared / "seed" / "incident-response-runbook.md").read_text()
    verdicts = []
    for block in re.findall(r"^ *```bash\n(.*?)^ *```", seed, re.DOTALL | re.MULTILINE):
        text = plain(block.replace("\\", "\\\\"))
        verdicts += [judge(text[one.start : one.end], parse=parse) for one in parse(text).statements]
    assert len(verdicts) == 39
    assert sum(verdict.unattended for verdict in verdicts) == 25
    assert sum(verdict.effect.writes for verdict in verdicts) == 14


def plain(command: str) -> str:
    """The command of a labelled row: its escapes undone, each placeholder replaced by a word as long."""
    text = re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t"}.get(found[1], found[1]), command)
    return re.sub(r"<[A-Za-z][\w ./:-]*>", lambda found: "x" * len(found[0]), text)
