"""The rule: what fireline says in Slack fits Slack's limits, and nobody else's text can be more than text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireline.chat import words
from fireline.core.refusal import Refused
from fireline.workflows.inform import blocks

LOUD = ("<!channel>", "<!here|here>", "<@UANA00001>", "<#C1|x>", "<!subteam^S1>", "@channel", "@Here", "@everyone")


@pytest.mark.parametrize("loud", LOUD)
def test_nothing_foreign_calls_anybody(loud: str) -> None:
    said = blocks.section(f"look {loud} now", label="Says:")["text"]["text"]
    assert "<" not in said
    assert not blocks.CALLING.search(said)


@given(st.text(max_size=9000))
def test_every_text_fits_and_is_escaped(text: str) -> None:
    for block in (blocks.section(text, label="Does:"), blocks.section(text)):
        said = block["text"]["text"]
        assert 1 <= len(said) <= blocks.TEXT_MAX
        assert "<" not in said
        assert ">" not in said


@given(st.text(max_size=300))
def test_what_is_escaped_reads_as_it_was_typed(text: str) -> None:
    assert words.typed(blocks.escape(text).replace(blocks.BROKEN, "@")) == text.replace(blocks.BROKEN, "@")


def test_a_cut_text_says_so() -> None:
    assert blocks.clipped("&" * 1000, 3000).endswith("…")
    assert blocks.clipped("&" * 600, 3000) == "&amp;" * 600


def test_fifty_blocks_are_the_most() -> None:
    found = blocks.lines((str(n), "x") for n in range(80))
    assert len(found) == blocks.BLOCKS_MAX
    assert "31 more" in json.dumps(found[-1])


@pytest.mark.parametrize(
    ("text", "verb", "number", "rest"),
    [
        ("", "help", None, ""),
        ("  STATUS  ", "status", None, ""),
        ("status inc-12", "status", 12, ""),
        ("run INC-12 ls -a", "run", 12, "ls -a"),
        ("declare INC-shaped trouble", "declare", None, "INC-shaped trouble"),
        ("sev P1 INC-12 is worse", "sev", None, "P1 INC-12 is worse"),
    ],
)
def test_a_wish_is_a_verb_an_incident_and_the_rest(text: str, verb: str, number: int | None, rest: str) -> None:
    assert words.wish(text) == words.Wish(verb, number, rest)


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("curl <http://localhost:8080/health>", "curl http://localhost:8080/health"),
        ("ask <mailto:ana@example.com|ana@example.com>", "ask ana@example.com"),
        ("see <http://kiosk.example|kiosk.example>", "see kiosk.example"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt;", "&lt;"),
        ("<@U012AB3CD|ana> in <#C1|room>", "@ana in #room"),
        ("<!here> and <!subteam^S1|@sre>", "@here and @sre"),
    ],
)
def test_slack_s_marks_become_what_was_typed(sent: str, typed: str) -> None:
    assert words.typed(sent) == typed


@pytest.mark.parametrize("text", ["", "commander", "@ben", "commander to"])
def test_an_assignment_that_names_nobody_says_how_it_is_said(text: str) -> None:
    with pytest.raises(Refused, match="assign commander @ben"):
        words.assignment(text, ("commander", "scribe"))


@given(st.text(max_size=9000))
def test_a_long_text_stands_whole_in_paragraphs_that_fit(text: str) -> None:
    found = blocks.literal(text)
    assert all(1 <= len(one["text"]["text"]) <= blocks.TEXT_MAX for one in found)
    written = "".join("".join(one["text"]["text"].split()) for one in found)
    assert written == "".join(text.split())
