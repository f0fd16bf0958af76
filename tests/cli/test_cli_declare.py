"""The rule: an incident can be declared whatever is down, and fireline says how it went in."""

from __future__ import annotations

import json
import time

import pytest

from cli.conftest import introduce, token
from cli.typist import Typist
from kiosk import until
from servers import free_port

SOON = 30.0  # seconds, on two busy cores; 1.4 s on a free one. Whoever waits for a vendor waits longer


@pytest.fixture
def known(ana: Typist) -> Typist:
    """Ana, whom fireline knows."""
    introduce(ana, ana="responder")
    return ana


@pytest.mark.req(17)
def test_with_nothing_running_and_every_vendor_away_it_goes_straight_into_the_database(known: Typist) -> None:
    away = {
        "FIRELINE_PAGERDUTY_ROUTING_KEY": "a" * 32,
        "FIRELINE_PAGERDUTY_URL": f"http://127.0.0.1:{free_port()}/v2/enqueue",
        "FIRELINE_URL": f"http://127.0.0.1:{free_port()}",
        "FIRELINE_TOKEN": "fl_nobody_is_there",
    }
    known.hurried = False
    began = time.monotonic()
    told = known.says("declare", "Redis", "is", "down", **away)
    assert time.monotonic() - began < SOON
    assert told.startswith("INC-1 declared: P1 Redis is down\n")
    assert "Scenario: Redis Down." in told
    assert "Written straight into sqlite:///fireline.db, because 127.0.0.1:" in told
    assert "refused the connection" in told


def test_without_a_token_it_says_so_and_json_has_it_all(known: Typist) -> None:
    made = json.loads(known.says("declare", "Checkout failing", "--severity", "P0", "--service", "shop", "--json"))
    assert (made["number"], made["severity"], made["written"]) == (1, "P0", "database")
    assert made["why"] == "$FIRELINE_TOKEN is not set"


def test_what_was_written_without_a_server_is_worked_on_by_the_next_one(known: Typist) -> None:
    known.says("declare", "Redis is down")
    with known.serving() as said:
        url = said[-1].rpartition(" ")[2]
        there = {"FIRELINE_URL": url, "FIRELINE_TOKEN": token(known, "ana")}
        told = known.says("declare", "Checkout failing", **there)
        assert told.startswith("INC-2 declared: P1")
        assert f"Through {url}." in told
        rows = json.loads(known.says("incident", "list", "--json", **there))["incidents"]
        assert [row["number"] for row in rows] == [1, 2]

        def begun() -> object:
            seen = json.loads(known.says("incident", "show", "1", "--json", **there))
            return seen["runs"] or seen["skipped"]

        until(begun, seconds=60)  # the runbook


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "Say in a few words what is wrong."),
        (("x", "--severity", "P9"), "Severity is one of P0, P1, P2, P3."),
        (("x", "--as", "zed"), "There is no person zed."),
        (("x" * 300,), "declared"),
    ],
)
def test_what_cannot_be_declared_says_why(known: Typist, words: tuple[str, ...], says: str) -> None:
    done = known.types("declare", *words)
    assert says in (done.stderr if done.returncode else done.stdout)
    assert "Traceback" not in done.stderr


def test_strangers_and_viewers_are_told_who_may(ana: Typist) -> None:
    assert "fireline knows nobody yet" in ana.types("declare", "Redis is down").stderr
    introduce(ana, vera="viewer")
    assert "Say who you are: --as vera" in ana.types("declare", "Redis is down").stderr
    assert "may only look" in ana.types("declare", "Redis is down", "--as", "vera").stderr
    introduce(ana, ana="responder")
    assert ana.says("declare", "Redis is down").startswith("INC-1")
