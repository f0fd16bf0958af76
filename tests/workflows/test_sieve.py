"""Sieve: whatever it spares the intake, the same becomes of every alert as when all of them are looked at."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from fireline import clock
from fireline.core.alert import Alert
from fireline.core.silence import Matcher, Op, Quiet, Silence
from fireline.house import House
from fireline.settings import Alerts, RuleSettings
from fireline.store import lists, looks
from kiosk import Open, kiosk_shut, until

AGO = timedelta(minutes=20, seconds=30)  # half a minute from where another whole minute would decide otherwise
NAMES = ("KioskShut", "Slow", "Leak", "Noise", "ConnectionError")
SERVICES = ("kiosk", "Kiosk", "till", "roof", "")
RULES = (
    RuleSettings(name="noise", match={"alertname": "Noise"}, do="ignore", why="nobody wants it"),
    RuleSettings(name="leaks", match={"alertname": "Leak", "env": "~prod.*"}, do="declare", service="roof"),
    RuleSettings(name="tickets", match={"source": "ticket"}, do="suggest"),
    RuleSettings(name="by hand", match={"env": "test"}, do="suggest"),
)


def alerts_of(seed: int, size: int) -> list[list[Alert]]:
    """Deliveries of different alerts, the same for the same seed."""
    dice, began = random.Random(seed), clock.now() - AGO
    made = [
        Alert(
            source=dice.choice(("alertmanager", "sentry", "ticket")),
            labels={
                name: value
                for name, value in {
                    "alertname": dice.choice(NAMES),
                    "service": dice.choice(SERVICES),
                    "namespace": dice.choice(("", "street")),
                    "env": dice.choice(("test", "prod-1", "")),
                    "n": str(number),
                }.items()
                if value
            },
            annotations={"summary": dice.choice(("nobody can buy", "it is slow", "water"))},
            starts_at=began + timedelta(minutes=dice.randrange(30)),
            ends_at=clock.now() if dice.random() < 0.1 else None,
            no_data=dice.random() < 0.1,
        )
        for number in range(size)
    ]
    found: list[list[Alert]] = []
    while made:
        some = dice.randrange(1, 5)
        found.append(made[:some])
        made = made[some:]
    return found


def became(house: House, deliveries: Iterable[list[Alert]], *, sieve: bool) -> list[tuple[Any, ...]]:
    """What the rows and the logs say when each delivery was dealt with before the next came; no clock in it."""
    if not sieve:
        house.alerts._writer.sift = None
    at = clock.now()
    house.hush.add(matchers='env="prod-1", service=~"t.*"', by="ana", reason="moves", starts_at=None,
                   ends_at=at + timedelta(hours=1), kind="silence")  # fmt: skip
    house.declare.by_person("Queue", by="ana", severity="P2", service="till")
    every = []
    for some in deliveries:
        house.alerts.take(some, clock.now())
        every += [one.fingerprint for one in some]
        until(lambda: waiting(house) == 0)
    said = [
        (one.alert.labels["n"], one.verdict, "until" if one.verdict == "silenced" else still(one.why), one.incident)
        for one in house.alerts.kept(every)
    ]
    incidents = [(row.number, row.service, row.severity, row.title) for row in lists.all_incidents(house.database)]
    logs = [
        sorted((one.joined.fingerprint, still(one.joined.why)) for one in house.ledger.read(number).alerts.values())
        for number, *_ in sorted(incidents)
    ]
    return [*sorted(said), *sorted(incidents), *map(tuple, logs)]


def still(why: str | None) -> str:
    """A reason without how long ago the other began: for a person's incident that is another moment each time."""
    return re.sub(r"began .* (before|after) ", "", why or "")


def waiting(house: House) -> int:
    """Looks that are asked for and not done."""
    with house.database.reading() as connection:
        return connection.scalar(sa.select(sa.func.count()).where(looks.looks.c.due_at.is_(None))) or 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("default", ["matched", "none"])
def test_with_it_and_without_it_the_same_becomes_of_every_alert(
    build_house: Open, tmp_path: Path, seed: int, default: Any
) -> None:
    found = []
    for sieve in (True, False):
        house = build_house(rules=RULES, alerts=Alerts(declare=default))
        house.open()
        try:
            found.append(became(house, alerts_of(seed, 60), sieve=sieve))
        finally:
            house.durable.close(grace=0)
            house.close()
        for left in tmp_path.glob("fireline.db*"):
            left.unlink()
    assert found[0] == found[1]
    assert len({one[1] for one in found[0][:60]}) >= 4  # several things became of them


def test_what_waits_for_a_person_asks_for_no_look_and_says_why(house: House) -> None:
    seen: list[tuple[str, ...]] = []
    intake = house.looks._intake

    def look(names: tuple[str, ...]) -> None:
        seen.append(names)
        intake(names)

    house.looks._intake = look
    stranger = Alert(source="sentry", labels={"alertname": "MoonTooBright"}, starts_at=clock.now())
    house.alerts.take([stranger, kiosk_shut()], clock.now())
    until(lambda: waiting(house) == 0)
    [kept] = house.alerts.kept([stranger.fingerprint])
    assert (kept.verdict, kept.why) == ("suggested", "no runbook has a scenario for it, so a person decides")
    assert [row.fingerprint for row in house.alerts.to_triage()] == [stranger.fingerprint]
    assert seen == [(kiosk_shut().fingerprint,)]


def test_what_shares_its_service_with_one_that_is_still_to_be_looked_at_is_looked_at_after_it(house: House) -> None:
    seen: list[tuple[str, ...]] = []
    house.looks._intake = seen.append  # nothing is decided
    now = clock.now()
    beside = Alert(source="sentry", labels={"alertname": "TypeError", "service": "Kiosk"}, starts_at=now)
    other = Alert(source="sentry", labels={"alertname": "TypeError", "service": "till"}, starts_at=now)
    house.alerts._writer.rooms.asked(10**9, frozenset(house.looks._sift.claims(kiosk_shut())))  # type: ignore[union-attr]
    house.alerts.take([beside, other], now)
    until(lambda: seen == [(beside.fingerprint,)])
    assert [one.verdict for one in house.alerts.kept([other.fingerprint])] == ["suggested"]


def test_when_it_cannot_say_everything_is_looked_at(house: House) -> None:
    class Broken:
        def refresh(self, at: Any) -> None:
            raise ZeroDivisionError(at)

    house.alerts._writer.sift = Broken()  # type: ignore[assignment]
    stranger = Alert(source="sentry", labels={"alertname": "MoonTooBright"}, starts_at=clock.now())
    house.alerts.take([stranger], clock.now())
    until(lambda: house.alerts.kept([stranger.fingerprint])[0].verdict == "suggested")


def test_a_silence_covers_at_once_what_waits_and_what_comes(house: House) -> None:
    one, other = (Alert(source="sentry", labels={"alertname": "Leak", "n": n}, starts_at=clock.now()) for n in "12")
    house.alerts.take([one], clock.now())
    house.hush.add(matchers="alertname=Leak", by="ana", reason="known", starts_at=None,
                   ends_at=clock.now() + timedelta(hours=1), kind="silence")  # fmt: skip
    house.alerts.take([other], clock.now())
    both = [one.fingerprint, other.fingerprint]
    until(lambda: [kept.verdict for kept in house.alerts.kept(both)] == ["silenced"] * 2)


words = st.sampled_from(["", "a", "ab", "b", "team-a", "team-b"])


@settings(max_examples=200)
@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from("xyz"), st.sampled_from(["=", "!=", "=~", "!~"]), words), min_size=1, max_size=3
        ),
        max_size=5,
    ),
    st.lists(st.dictionaries(st.sampled_from("xyz"), words), min_size=1, max_size=9),
)
def test_silences_asked_together_cover_what_each_by_itself_covers(
    written: list[list[tuple[str, Op, str]]], every: list[dict[str, str]]
) -> None:
    at = clock.now()
    made = [
        Silence(
            matchers=tuple(Matcher(name=name, op=op, value=value) for name, op, value in one), by="ana",
            reason="r", starts_at=at - timedelta(minutes=n), ends_at=at + timedelta(hours=1),
        )
        for n, one in enumerate(written, start=-1)
    ]  # fmt: skip
    quiet = Quiet(made)
    for labels in every:
        assert quiet.covering(labels, at) == next((one for one in made if one.covers(labels, at)), None)
