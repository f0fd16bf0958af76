"""Stopgaps and tunnels are typed: listed, owned, taken back, settled."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from cli.test_cli_incident import declared
from cli.typist import Typist


@pytest.mark.req(74, 75)
def test_a_stopgap_is_listed_owned_and_settled(served: Typist) -> None:
    n = str(declared(served))
    served.says("debt", "add", n, "payments run on the backup", "--undo", "echo main > provider", "--minutes", "60")
    assert "payments run on the backup" in served.says("debt", "list", n)
    due = f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}"
    served.says("debt", "own", n, "1", "ben", due, "--plan", "switch back")
    (one,) = json.loads(served.says("debt", "list", n, "--json"))
    assert (one["state"], one["owner"], one["plan"]) == ("owned", "ben", "switch back")
    served.says("debt", "undo", n, "1")
    (ask,) = json.loads(served.says("incident", "show", n, "--json"))["approvals"]
    assert (ask["command"], ask["state"]) == ("echo main > provider", "waiting")
    served.says("debt", "settle", n, "1", "switched back by hand")
    assert json.loads(served.says("debt", "list", n, "--json"))[0]["state"] == "undone"


@pytest.mark.req(71, 134)
def test_a_no_is_one_line(served: Typist) -> None:
    n = str(declared(served))
    assert json.loads(served.says("lease", "list", n, "--json")) == []
    gone = served.types("lease", "end", n, "1")
    assert (gone.returncode, "There is no tunnel 1." in gone.stderr) == (1, True)
    wrong = served.types("incident", "restart", n, "shop", "shop-1", "-n", "prod", "--reason", "leak")
    assert (wrong.returncode, "deployment/NAME" in wrong.stderr) == (1, True)
