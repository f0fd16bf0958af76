"""The rule: everything an incident needs can be typed, and a yes is to the command on the screen."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from cli.conftest import token
from cli.typist import Typist

COMMAND = "kubectl scale deployment web --replicas=3 -n shop\x1b[1A\x1b[2K"


def declared(served: Typist, title: str = "Typing error on a page") -> int:
    number: int = json.loads(served.says("declare", title, "--json"))["number"]
    return number


def asked(served: Typist, number: int, **body: str) -> dict[str, Any]:
    """Ana asks for a command through the API."""
    answer = httpx2.post(
        f"{served.environment['FIRELINE_URL']}/api/v1/incidents/{number}/approvals", trust_env=False,
        json={"command": COMMAND, "reason": "too many readers"} | body,
        headers={"Authorization": f"Bearer {served.environment['FIRELINE_TOKEN']}"},
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    one: dict[str, Any] = answer.json()["approvals"][-1]
    return one


@pytest.mark.req(42)
def test_an_incident_is_typed_from_declaration_to_review(served: Typist) -> None:
    n = str(declared(served))
    assert f"INC-{n}" in served.says("incident", "list")
    assert "Acknowledged by ana" in served.says("incident", "ack", n)
    served.says("incident", "note", n, "[bold]seen[/bold] on the page")
    served.says("incident", "status", n, "monitoring", "--why", "it is spelt right now")
    served.says("incident", "severity", n, "P2", "--reason", "it is the front page")
    served.says("incident", "root-cause", n, "A slip of the pen")
    for gate in json.loads(served.says("incident", "show", n, "--json"))["gates"]:
        if gate["open"]:
            continue
        if gate["kind"] == "by hand":
            served.says("incident", "tick", n, gate["key"])
        else:
            served.says("incident", "override", n, gate["key"], "--reason", "nobody has to wait for this")
    assert "Resolved" in served.says("incident", "resolve", n)
    told = served.says("incident", "timeline", n)
    assert "[bold]seen[/bold] on the page" in told  # words of people are no mark-up
    assert "set aside" in told
    served.says("incident", "review", n, "--output", "review.md")
    review = (served.folder / "review.md").read_text()
    assert review.startswith("# ")
    assert "A slip of the pen" in review
    assert served.says("incident", "review", n).partition("\n")[0] == review.partition("\n")[0]
    assert f"INC-{n}" in served.says("incident", "list", "--state", "closed")


def test_resolving_too_early_names_the_gates(served: Typist) -> None:
    done = served.types("incident", "resolve", str(declared(served)))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "gates are shut: Root cause identified (not stated)" in done.stderr


def test_a_yes_shows_every_byte_and_binds_them(served: Typist) -> None:
    n = str(declared(served))
    asked(served, int(n))
    ben = {"FIRELINE_TOKEN": token(served, "ben")}
    piped = served.types("approve", n, "1", **ben)
    assert (piped.returncode, "--yes" in piped.stderr) == (1, True)
    assert "replicas=3 -n shop\\x1b[1A\\x1b[2K" in piped.stdout  # nothing hides itself
    assert "\x1b" not in piped.stdout
    mine = served.types("approve", n, "1", "--yes")
    assert mine.returncode == 1
    assert "You asked for this one. Somebody else has to say yes." in mine.stderr
    one = json.loads(served.says("approve", n, "1", "--yes", "--json", **ben))
    assert (one["yes"], one["state"] in {"approved", "started"}) == (["ben"], True)
    again = served.types("approve", n, "1", "--yes", **ben)
    assert "does not wait" in again.stderr


@pytest.mark.parametrize(("typed", "status", "state"), [("no\n", 1, "waiting"), ("yes\n", 0, "approved")])
def test_at_a_terminal_only_a_typed_yes_counts(served: Typist, typed: str, status: int, state: str) -> None:
    n = str(declared(served))
    asked(served, int(n), command="touch /tmp/never-run-in-a-test/x", reason="to see")
    ben = Typist(served.folder, served.environment | {"FIRELINE_TOKEN": token(served, "ben")})
    ended, screen = ben.at_a_terminal("approve", n, "1", types=typed)
    assert ended == status, screen
    assert "Type yes to approve exactly this command:" in screen
    now = json.loads(served.says("incident", "show", n, "--json"))["approvals"][0]["state"]
    assert now == state or (state == "approved" and now == "started")


def test_a_no_and_a_broken_glass_carry_their_reasons(served: Typist) -> None:
    n = str(declared(served))
    asked(served, int(n))
    asked(served, int(n), command="false && touch /tmp/never-run-in-a-test/y")
    ben = {"FIRELINE_TOKEN": token(served, "ben")}
    assert "will not run" in served.says("decline", n, "1", "--reason", "it is the cache", **ben)
    short = served.types("break-glass", n, "2", "--reason", "now", "--yes")
    assert "Say in a sentence why nobody else can say yes now." in short.stderr
    served.says("break-glass", n, "2", "--reason", "ben's phone is off and the shop is down", "--yes")
    assert "BREAK-GLASS: ana" in served.says("incident", "timeline", n)


def test_who_may_only_look_is_told_so(served: Typist) -> None:
    n = str(declared(served))
    vera = {"FIRELINE_TOKEN": token(served, "vera")}
    assert f"INC-{n}" in served.says("incident", "list", **vera)
    assert "may only look" in served.types("incident", "ack", n, **vera).stderr


def test_no_server_no_token_and_no_incident_are_one_line_each(served: Typist) -> None:
    for words, environment, says in (
        (("incident", "show", "999"), {}, "There is no incident 999."),
        (("incident", "list"), {"FIRELINE_TOKEN": "fl_wrong"}, "Sign in first"),
        (("incident", "list"), {"FIRELINE_TOKEN": ""}, "set FIRELINE_TOKEN"),
        (("incident", "list"), {"FIRELINE_URL": "http://127.0.0.1:1"}, "refused the connection"),
        (("incident", "list"), {"FIRELINE_URL": "nonsense"}, "address"),
    ):
        done = served.types(*words, **environment)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert says in done.stderr


@pytest.mark.req(28, 37)
def test_deliveries_are_listed_and_an_unknown_one_is_refused_in_words(served: Typist) -> None:
    n = str(declared(served))
    assert "none" in served.says("incident", "deliveries", n)
    found = json.loads(served.says("incident", "deliveries", n, "--json"))
    assert found == {"deliveries": [], "phones": []}
    for verb in ("by-hand", "retry"):
        refused = served.types("incident", verb, n, "pagerduty/1/trigger")
        assert refused.returncode != 0
        assert "There is no such delivery." in refused.stderr
