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
