"""The rule: `guard judge` answers every line of input with one line, whatever is on it, and runs nothing."""

from __future__ import annotations

import json

import pytest

from cli.typist import Typist

LINES = [
    (b'"kubectl get pods -n shop"', "kubectl get pods -n shop", "read", True),
    (b'{"command": "kubectl delete pod x"}', "kubectl delete pod x", "destructive", False),
    (b'"cat >/etc/hosts <<EOF\\nx\\nEOF"', "cat >/etc/hosts <<EOF\nx\nEOF", None, False),
    (b'""', "", None, None),
    (b"not json", "not json", "unknown", False),
    (b"[1]", "[1]", "unknown", False),
    (b'{"text": "ls"}', '{"text": "ls"}', "unknown", False),
    (b'"\\ud800"', None, "unknown", False),
    (b"\xff\xfe", "\ufffd\ufffd", "unknown", False),
    (b'"' + b"(" * 5000 + b'"', "(" * 5000, "unknown", False),
    (b"", "", "unknown", False),
    (b'"' + b"x" * 1_000_000 + b'"', None, "unknown", False),
    (b'{"x":' + b"[" * 100_000, None, "unknown", False),
    (b'{"command": 7}', '{"command": 7}', "unknown", False),
    (b'"ls \\u0000"', "ls \x00", "unknown", False),
    (b"7", "7", "unknown", False),
    (b"null", "null", "unknown", False),
    (b"1e999", "1e999", "unknown", False),
    (b'{"command": "ls", "more": [1]}', "ls", "read", True),
    (b'{"command": {"command": "ls"}}', None, "unknown", False),
    (b'["ls"]', '["ls"]', "unknown", False),
    (b'"ls"\r', "ls", "read", True),
    (b" ", " ", "unknown", False),
    (b"\x00", "\x00", "unknown", False),
    (b'"kubectl get pod <pod> -n <namespace>"', "kubectl get pod <pod> -n <namespace>", "read", True),
    (b'"kubectl delete pod <pod>"', "kubectl delete pod <pod>", "destructive", False),
    (b'"cat <in>out"', "cat <in>out", "local", False),
    (b'"echo \\ud83d\\ude00"', "echo \U0001f600", "read", True),
]


def test_one_line_in_is_one_line_out(ana: Typist) -> None:
    done = ana.types("guard", "judge", stdin=b"\n".join(line for line, *_ in LINES) + b"\n")
    assert (done.returncode, done.stderr) == (0, "")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(LINES)
    for answer, (_, command, effect, unattended) in zip(answers, LINES, strict=True):
        assert list(answer) == ["command", "effect", "unattended", "tags", "rule", "why"]
        assert command is None or answer["command"] == command
        assert effect is None or answer["effect"] == effect
        assert unattended is None or answer["unattended"] is unattended
        assert answer["rule"]
        assert answer["why"].strip()


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("kubectl get pods -n shop", "It may run by itself."),
        ("kubectl logs -f web-1 -n shop", "It would run as:"),
        ("kubectl delete pod web-1 -n shop", "two people"),
        ("--frobnicate", "not understood"),
    ],
)
def test_commands_as_arguments_are_explained_to_people(ana: Typist, command: str, says: str) -> None:
    assert says in ana.says("guard", "judge", command)
    assert says in ana.says("guard", "judge", "--explain", stdin=json.dumps(command))


def test_answers_come_in_the_order_of_the_questions(ana: Typist) -> None:
    asked = [f"{'ls' if number % 3 else 'rm'} file-{number}" for number in range(120)]
    done = ana.says("guard", "judge", stdin="\n".join(map(json.dumps, asked)))
    answers = [json.loads(line) for line in done.splitlines()]
    assert [answer["command"] for answer in answers] == asked
    assert [answer["effect"] == "read" for answer in answers] == [number % 3 > 0 for number in range(120)]


def test_a_rewriting_is_shown_before_and_after_with_its_blanks_as_they_were_written(ana: Typist) -> None:
    said = ana.says("guard", "judge", "kubectl logs -f <pod> -n shop")
    assert said.splitlines()[0] == "kubectl logs -f <pod> -n shop"
    assert "It would run as: kubectl logs --tail=1000 <pod> -n shop" in said
    assert "To be filled in before it runs: <pod>." in said


def test_a_table_of_the_site_is_laid_over_the_built_in_ones(ana: Typist) -> None:
    (ana.folder / "fireline.toml").write_text('[guard]\ntables = ["site.toml"]\n')
    (ana.folder / "site.toml").write_text('[[program]]\nnames = ["shopctl"]\n[[program.row]]\nsub = ["orders list"]\n')
    answer = json.loads(ana.says("guard", "judge", stdin=b'"shopctl orders list"'))
    assert (answer["effect"], answer["rule"]) == ("read", "site:shopctl.orders.list")
    (ana.folder / "site.toml").write_text('[[program]]\nnames = ["shopctl"]\nrows = []\n')
    done = ana.types("guard", "judge", "shopctl orders list")
    assert done.returncode != 0
    assert "site.toml" in done.stderr + done.stdout
    assert "rows" in done.stderr + done.stdout
