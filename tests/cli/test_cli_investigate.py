"""At a terminal: what may be wrong is proposed and ruled out, suspects are read, a symptom finds its check."""

from __future__ import annotations

import json

import pytest

from cli.typist import Typist


@pytest.mark.req(55, 61, 62)
def test_an_investigation_at_a_terminal_from_a_thought_to_the_review(served: Typist) -> None:
    made = served.says("declare", "Errors at the till", "--service", "checkout", "--json")
    number = str(json.loads(made)["number"])
    served.says("hypothesis", "propose", number, "The disk is full", "--reason", "it was last week")
    served.says("hypothesis", "rule-out", number, "1", "df says 40 %")
    listed = served.says("hypothesis", "list", number)
    assert "The disk is full" in listed
    assert "ruled out" in listed
    served.says("hypothesis", "support", number, "1", "another disk is full")
    [thought] = json.loads(served.says("hypothesis", "list", number, "--json"))["hypotheses"]
    assert thought["state"] == "supported"
    again = served.types("hypothesis", "propose", number, "the disk is full")
    assert (again.returncode, "hypothesis 1 already" in again.stderr) == (1, True)
    assert served.says("investigate", "causes", number).startswith("Not sure")
    assert "Is it still happening?" in served.says("investigate", "signals", number)
    assert "Cache misses" in served.says("investigate", "symptom", number, "cache misses")
    assert "against it: df says 40 %" in served.says("incident", "review", number)
