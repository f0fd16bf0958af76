"""The rule: what a settings file makes of alerts is tried before it counts, offline, line by line."""

from __future__ import annotations

import json

import pytest

from cli.typist import Typist

RULES = """\
[runbooks]
paths = ["runbooks"]

[[rules]]
name = "staging"
match = { env = "~stag.*" }
do = "ignore"
why = "nobody is woken for staging"

[[rules]]
name = "till"
match = { service = "till", source = "prometheus" }
do = "declare"
severity = "P0"
"""
NOON = "2026-03-02T12:00:00Z"
ALERTS = [
    {"labels": {"alertname": "RedisDown", "service": "sessions"}, "startsAt": NOON},
    {"labels": {"alertname": "X", "env": "staging"}},
    {
        "version": "4",
        "alerts": [
            {
                "status": status,
                "labels": {"alertname": "Slow", "service": "sessions"},
                "annotations": {},
                "startsAt": "2026-03-02T12:04:00Z",
                "endsAt": "2026-03-02T12:05:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
            }
            for status in ("firing", "resolved")
        ],
    },
    {"source": "sentry", "labels": {"alertname": "TypeError"}, "starts_at": NOON},
    {"labels": {"alertname": "T", "service": "till"}},
]


def lines(*more: str) -> str:
    return "\n".join([*map(json.dumps, ALERTS), *more, ""])


@pytest.mark.req(17, 18)
def test_each_alert_is_told_what_would_become_of_it_and_nothing_is_written(ana: Typist) -> None:
    (ana.folder / "rules.toml").write_text(RULES)
    before = sorted(path.name for path in ana.folder.iterdir())
    found = [json.loads(line) for line in ana.says("rules", "test", "rules.toml", stdin=lines()).splitlines()]
    assert [(one["line"], one["alert"], one["do"], one["rule"]) for one in found] == [
        (1, "RedisDown", "declare", None),
        (2, "X", "ignore", "staging"),
        (3, "Slow", "join", None),
        (3, "Slow", "nothing, it is over", None),
        (4, "TypeError", "suggest", None),
        (5, "T", "declare", "till"),
    ]
    assert found[0]["scenario"] == "Redis Down"
    assert found[1]["why"] == "the rule “staging” says ignore: nobody is woken for staging"
    assert found[2]["joins"] == "same service sessions, began 4 min after line 1"
    assert (found[5]["severity"], found[5]["severity_why"]) == ("P0", "The rule “till” says P0.")
    assert sorted(path.name for path in ana.folder.iterdir()) == before  # no database either


def test_a_line_that_cannot_be_read_is_named_and_the_others_are_told(ana: Typist) -> None:
    (ana.folder / "rules.toml").write_text(RULES)
    done = ana.types("rules", "test", "rules.toml", stdin=lines("{oops", '{"labels":{}}', '{"source":"x","labels":1}'))
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 6
    said = done.stderr.splitlines()
    assert [one.partition(":")[0] for one in said] == ["line 6", "line 7", "line 8"]
    assert "no JSON" in said[0]
    assert "without labels" in said[1]
    assert "no alert as fireline keeps it" in said[2]


def test_at_a_terminal_it_is_a_table(ana: Typist) -> None:
    (ana.folder / "rules.toml").write_text(RULES)
    status, screen = ana.at_a_terminal("rules", "test", "rules.toml", types=lines() + "\x04")
    assert status == 0
    assert "scenario" in screen


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('do = "shout"', "(the rule “till”)"),
        ('do = "ignore"\nmtch = { a = "b" }', "(the rule “till”)"),
        ('do = "ignore"\nmatch = { env = "~[" }', "The rule “till”, match.env:"),
    ],
)
def test_a_rule_that_is_wrong_is_named(ana: Typist, wrong: str, said: str) -> None:
    (ana.folder / "rules.toml").write_text(f'[[rules]]\nname = "till"\n{wrong}\n')
    done = ana.types("rules", "test", "rules.toml")
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
