"""The checklist is read, ticked and unticked by number from a terminal."""

from __future__ import annotations

import json

import pytest

from cli.test_cli_incident import declared
from cli.typist import Typist


@pytest.mark.req(44)
def test_an_item_is_ticked_and_taken_back_by_its_number(served: Typist) -> None:
    n = str(declared(served, "The soup is cold"))
    assert "Commander Checklist: 1 of 4" in served.says("incident", "checklist", n)
    assert "Commander Checklist: 2 of 4" in served.says("incident", "checklist", n, "--tick", "4")
    assert "You have ticked this already" in served.says("incident", "checklist", n, "--tick", "4")
    told = json.loads(served.says("incident", "checklist", n, "--untick", "4", "--json"))
    assert (told["said"], told["lists"][0]["done"]) == ("The tick is taken back.", 1)
    assert "There is no item 40; there are 8." in served.types("incident", "checklist", n, "--tick", "40").stderr
    assert "not both at once" in served.types("incident", "checklist", n, "--tick", "1", "--untick", "2").stderr
