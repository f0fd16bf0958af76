"""A decision is typed with its dissent; a summary is shown before it is sent."""

from __future__ import annotations

import json

from cli.test_cli_incident import declared
from cli.typist import Typist


def test_decisions_and_summaries_are_typed(served: Typist) -> None:
    n = str(declared(served, "The soup is cold"))
    served.says("incident", "decide", n, "We close the shop", "--dissent", "ben: it is noon")
    assert "ana decided: We close the shop" in served.says("incident", "timeline", n)
    assert "WHO: WHAT" in served.types("incident", "decide", n, "go", "--dissent", "ben").stderr
    shown = served.says("incident", "summary", n)
    assert "The settings name no stakeholders of this severity." in shown
    assert "The soup is cold" in shown
    assert json.loads(served.says("incident", "summary", n, "--json"))["sent"] == []
    no = served.types("incident", "summary", n, "--send")
    assert (no.returncode, "name no stakeholders" in no.stderr) == (1, True)
