"""A last resort is approved at the command line by typing the name of what it hits; `--yes` alone is not enough."""

from __future__ import annotations

import json

import pytest

from cli.conftest import token
from cli.test_cli_incident import asked, declared
from cli.typist import Typist

RESTART = "kubectl rollout restart statefulset/db -n shop"


@pytest.mark.req(70)
def test_a_last_resort_is_typed_out_and_everything_known_is_shown_before(served: Typist) -> None:
    n = str(declared(served))
    asked(served, int(n), command=RESTART, reason="it hangs")
    ben = {"FIRELINE_TOKEN": token(served, "ben")}
    piped = served.types("approve", n, "1", "--yes", **ben)
    assert (piped.returncode, "type the name of what it hits, with --target db" in piped.stderr) == (1, True)
    for words in ("LAST RESORT: type db", "namespace shop · statefulset/db", "NO PREVIEW: ", "NO UNDO: "):
        assert words in piped.stdout, words
    wrong = served.types("approve", n, "1", "--target", "web", **ben)
    assert wrong.returncode == 1
    one = json.loads(served.says("approve", n, "1", "--target", "db", "--json", **ben))
    assert (one["yes"], one["state"], one["yes_needed"]) == (["ben"], "waiting", 2)


@pytest.mark.req(70)
def test_at_a_terminal_the_name_is_asked_for_instead_of_a_yes(served: Typist) -> None:
    n = str(declared(served))
    asked(served, int(n), command=RESTART, reason="it hangs")
    ben = Typist(served.folder, served.environment | {"FIRELINE_TOKEN": token(served, "ben")})
    ended, screen = ben.at_a_terminal("approve", n, "1", types="yes\n")
    assert (ended, "Type the name of what it hits, db:" in screen) == (1, True)
    ended, screen = ben.at_a_terminal("approve", n, "1", types="db\n")
    assert ended == 0, screen
