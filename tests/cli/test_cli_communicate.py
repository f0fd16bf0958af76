"""Updates, roles and tasks are typed; nothing is sent that was only shown."""

from __future__ import annotations

import json

import pytest

from cli.conftest import token
from cli.test_cli_incident import declared
from cli.typist import Typist


@pytest.mark.req(80, 84)
def test_an_update_is_shown_before_it_is_sent(served: Typist) -> None:
    n = str(declared(served, "Cover images are missing"))
    shown = served.says("incident", "update", n)
    assert "📊 Update #1" in shown
    assert "Not sent." in shown
    assert json.loads(served.says("incident", "update", n, "--json"))["sent"] == []
    served.says("incident", "update", n, "the search for the reason", "--users", "1,200", "--services", "shop,search")
    (sent,) = json.loads(served.says("incident", "update", n, "--json"))["sent"]
    assert (sent["users"], sent["services"]) == (1200, ["shop", "search"])
    served.says("incident", "update", n, "--send")
    told = json.loads(served.says("incident", "update", n, "--json"))["sent"]
    assert [(one["number"], one["users"]) for one in told] == [(1, 1200), (2, 1200)]
    promised = served.types("incident", "update", n, "fixed in 10 minutes")
    assert (promised.returncode, "promises when it will be fixed" in promised.stderr) == (1, True)
    wrong = served.types("incident", "update", n, "the search", "--users", "many")
    assert "as a number, or unknown" in wrong.stderr


@pytest.mark.req(39, 40)
def test_command_is_offered_and_taken_at_two_terminals(served: Typist) -> None:
    n, ben = str(declared(served)), token(served, "ben")
    assert "Commander: ana." in served.says("incident", "ack", n)
    assert "Commander: ana." in served.says("incident", "role", "offer", n, "commander", "ben")
    assert "Commander: ben." in served.says("incident", "role", "take", n, "commander", FIRELINE_TOKEN=ben)
    served.says("incident", "role", "take", n, "deputy")
    served.says("incident", "role", "offer", n, "scribe", "cleo")
    served.says("incident", "role", "decline", n, "scribe", "--to", "cleo", "--why", "she sleeps")
    served.says("incident", "role", "release", n, "deputy", "--why", "shift is over")
    assert "deputy" in served.says("incident", "show", n)


def test_a_task_is_given_taken_done_and_dropped(served: Typist) -> None:
    n = str(declared(served))
    served.says("incident", "task", "give", n, "ana", "10", "Look at the disk")
    served.says("incident", "task", "take", n, "1")
    served.says("incident", "task", "done", n, "1", "--said", "91 %")
    served.says("incident", "task", "give", n, "ben", "5", "Call the printer")
    served.says("incident", "task", "drop", n, "2", "--why", "they called us")
    states = [one["state"] for one in json.loads(served.says("incident", "show", n, "--json"))["tasks"]]
    assert states == ["done", "dropped"]


def test_the_brief_catches_somebody_up_and_a_snooze_says_why(served: Typist) -> None:
    n = str(declared(served, "Nobody can pay"))
    served.says("incident", "snooze", n, "30", "--reason", "the restore runs")
    told = served.says("incident", "brief", n)
    assert "Nobody can pay" in told
    assert len(told.splitlines()) <= 10
    assert json.loads(served.says("incident", "brief", n, "--json"))["lines"][0]["label"] == "What"
