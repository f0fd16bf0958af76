"""The rule: no generated text crashes the guard or keeps it busy, and none that runs a known write is judged a read.

A few hundred texts here; `bench/guard_fuzz.py` tries 100,000 and has bash run what was judged a read.
"""

from __future__ import annotations

import subprocess
import time

import pytest

from core.guard.grammar import READS, WRITES, Text, texts
from fireline.core.guard import Effect, judge
from fireline.shell import parse

HANG = 1.0  # seconds


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_generated_text_with_a_write_in_it_is_judged_a_read(seed: int) -> None:
    made = texts(seed, 100)
    for one in made:
        begun = time.process_time()
        verdict = judge(one.text, parse=parse)
        assert verdict.effect in Effect
        assert not one.writes or verdict.effect.writes, one.text
        assert time.process_time() - begun < HANG, one.text
    assert any(one.writes for one in made)
    assert any(one.garbled for one in made)


def test_the_grammar_makes_texts_that_bash_can_read() -> None:
    made = [one for one in texts(4, 120) if not one.garbled]
    assert sum(is_read_by_bash(one) for one in made) / len(made) > 0.95  # some are sums of commands: $(({ … }))


def is_read_by_bash(one: Text) -> bool:
    return subprocess.run(["bash", "-n"], input=one.text.encode(), capture_output=True, check=False).returncode == 0


def test_the_parts_are_what_the_grammar_says() -> None:
    assert [text for text in READS if judge(text, parse=parse).effect.writes] == []
    assert [text for text in WRITES if not judge(text, parse=parse).effect.writes] == []


def test_a_seed_makes_the_same_texts_every_time() -> None:
    assert texts(5, 30) == texts(5, 30)
    assert texts(5, 30) != texts(6, 30)
