"""The rule: help is at hand at once, mistakes cost one line, and nothing shown can fool a terminal."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from cli.typist import Typist
from fireline import cli
from fireline.cli.speak import plain

HEAVY = ("sqlalchemy", "dbos", "litestar", "httpx2", "uvicorn", "markdown_it", "jinja2", "alembic")


def test_the_help_loads_nothing_heavy_and_names_every_noun(ana: Typist) -> None:
    ana.hurried = False
    began = time.monotonic()
    told = ana.says("--help")
    assert time.monotonic() - began < 30  # 0.2 s on a free core; what would make it slow is named below
    for word, *_ in cli.COMMANDS:
        assert f" {word} " in told
    probe = f"import sys, fireline.cli as c; c.build(); print([m for m in {HEAVY} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True)
    assert loaded.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "words",
    [["incident", "--help"], ["declare", "--help"], ["runbook", "check", "--help"], ["token", "add", "--help"]],
    ids=" ".join,
)
def test_every_word_explains_itself(ana: Typist, words: list[str]) -> None:
    ana.hurried = False
    assert "Usage: fireline" in ana.says(*words)


@pytest.mark.parametrize(
    "words", [["incidnet"], ["incident", "show"], ["declare", "--sevrity", "P1"], ["token", "add"]]
)
def test_wrong_words_end_with_2_and_say_what_was_meant(ana: Typist, words: list[str]) -> None:
    done = ana.types(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_a_refusal_is_one_line_on_stderr_and_status_1(ana: Typist) -> None:
    ana.hurried = False
    done = ana.types("people", "link", "zed")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "fireline: There is no person zed. `fireline people add zed NAME` makes one.\n"


def test_settings_that_are_wrong_are_named(ana: Typist) -> None:
    (ana.folder / "fireline.toml").write_text("[server]\nprot = 1\n")
    done = ana.types("people", "list")
    assert done.returncode == 1
    assert "prot" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_mistake_of_ours_is_one_line_with_a_reference_until_asked_for_more(ana: Typist) -> None:
    (ana.folder / "fireline.db").write_text("this is no database, and long enough to be looked at as if it were one")
    done = ana.types("people", "list")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("kubectl get pods", "kubectl get pods"),
        ("rm -rf /\x1b[2K\rls", "rm -rf /\\x1b[2K\\x0dls"),
        ("echo \u202egnp.exe", "echo \\u202egnp.exe"),
        ("a\u200bb", "a\\u200bb"),
        ("größer 📊 –", "größer 📊 –"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_lines_stay_lines_where_they_are_wanted() -> None:
    assert plain("one\n\ttwo", lines=True) == "one\n\ttwo"
    assert plain("one\ntwo") == "one\\x0atwo"
