"""The call is linked and the room is read at a terminal, with or without a chat."""

from __future__ import annotations

import pytest

from cli.test_cli_incident import declared
from cli.typist import Typist


@pytest.mark.req(34, 43)
def test_a_call_is_linked_and_the_room_says_what_a_channel_would(served: Typist) -> None:
    n = str(declared(served, "The coffee is cold"))
    served.says("incident", "call", n, "https://zoom.example.com/j/7")
    topic, *said = served.says("incident", "call", n).splitlines()
    assert "The coffee is cold · Investigating · Call: https://zoom.example.com/j/7" in topic
    assert said[-1].endswith(": Call: https://zoom.example.com/j/7")
    wrong = served.types("incident", "call", n, "zoom")
    assert (wrong.returncode, "Paste the whole link" in wrong.stderr) == (1, True)


@pytest.mark.req(111)
def test_a_channel_is_kept_from_a_terminal(served: Typist) -> None:
    n = str(declared(served, "The tea is cold"))
    served.says("incident", "channel-stays", n, "--why", "the review is held there")
    assert "stays already" in served.types("incident", "channel-stays", n).stderr
