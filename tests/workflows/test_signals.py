"""While an incident is open the house asks whether it still happens, tells only changes, and keeps the graphs.

The addresses and the metrics are those of a real nginx and a real Prometheus; only the clock is pushed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from connectors.test_git import git
from fireline import clock
from fireline.core import gate, incident
from fireline.core.deploy import Deploy
from fireline.core.events import GraphsKept, PulseChanged
from fireline.core.follow import Effect
from fireline.house import House
from fireline.settings import FeedSettings, ProbeSettings, PrometheusSettings, RepositorySettings
from fireline.workflows.investigate import Investigate, investigate
from fireline.workflows.signals import Signals
from kiosk import Open, kiosk_shut, until
from workflows.metered import Till, measured, till

HALF = timedelta(seconds=30)


class Clock:
    """Half a minute a look."""

    def __init__(self) -> None:
        self.at = clock.now()

    def __call__(self) -> datetime:
        return self.at


def watching(house: House, at: Clock, **more: object) -> Signals:
    """The same looks as the house's own, at our own pace."""
    known = {
        "ledger": house.ledger, "library": house.library, "evidence": house.evidence, "probes": house.settings.probes,
        "prometheus": house.settings.prometheus, "on": True, "now": at,
    }  # fmt: skip
    return Signals(**(known | more))  # type: ignore[arg-type]


def look(signals: Signals, at: Clock, times: int) -> None:
    for _ in range(times):
        at.at += HALF
        signals.look()


def pulses(house: House, number: int) -> list[str]:
    return [event.state for event in house.ledger.log(number) if isinstance(event, PulseChanged)]


@pytest.fixture
def health(tmp_path: Path) -> Iterator[Till]:
    with till(tmp_path / "nginx") as one:
        yield one


@pytest.fixture
def house(build_house: Open, health: Till) -> Iterator[House]:
    """Ready, with nothing running behind it."""
    probe = ProbeSettings(name="KioskShut", url=f"{health.url}/health", service="kiosk")
    one = build_house(probes=(probe,))
    one.database.migrate()
    one.durable.prepare()
    one.library.load()
    one.accounts.add("ana", "Ana Duarte", "admin")
    yield one
    one.database.close()


@pytest.fixture
def number(house: House) -> int:
    return house.declare.by_person("The kiosk is shut", by="ana", service="kiosk").number


def test_only_changes_are_told_and_every_look_is_kept(house: House, number: int, health: Till) -> None:
    at = Clock()
    signals = watching(house, at)
    sick = watching(house, at, probes=(ProbeSettings(name="x", url=f"{health.url}/broken", service="kiosk"),))
    look(sick, at, 6)
    assert pulses(house, number) == ["happening"]
    look(signals, at, 3)
    assert pulses(house, number) == ["happening"]
    look(signals, at, 3)
    assert pulses(house, number) == ["happening", "stopped"]
    assert [one.word for one in signals.looks(number)] == ["well"] * 6
    assert "502" in sick.looks(number)[0].says[0]
    [first, _] = [e for e in house.ledger.log(number) if isinstance(e, PulseChanged)]
    assert "502" in first.says[0]


def test_a_look_is_taken_every_half_minute_and_not_more_often(house: House, number: int, health: Till) -> None:
    at = Clock()
    signals = watching(house, at)
    for _ in range(5):
        at.at += timedelta(seconds=10)
        signals.look()
    assert len(signals.looks(number)) == 2
    # and one to see that it is up; nginx writes its log after it has answered
    until(lambda: health.log.read_text().count('"GET /health') == 3)


def test_an_address_that_goes_and_comes_back_is_told_as_that(house: House, number: int, health: Till) -> None:
    at = Clock()
    signals = watching(house, at)
    for path in ("/broken", "/broken", "/health", "/broken", "/health", "/broken"):
        signals._probes = (ProbeSettings(name="x", url=f"{health.url}{path}", service="kiosk"),)
        look(signals, at, 1)
    assert pulses(house, number) == ["happening", "flapping"]


def test_without_anybody_to_ask_nothing_is_said(house: House) -> None:
    other = house.declare.by_person("The moon is gone", by="ana", service="moon").number
    at = Clock()
    look(signals := watching(house, at), at, 5)
    assert (signals.looks(other), pulses(house, other)) == ((), [])


def test_a_prometheus_that_is_away_is_no_all_clear(house: House, number: int) -> None:
    at = Clock()
    signals = watching(house, at, prometheus=PrometheusSettings(url="http://127.0.0.1:9"))
    look(signals, at, 4)
    assert pulses(house, number) == ["unknown"]
    assert "could not be asked" in signals.looks(number)[-1].says[-1]


def test_what_is_over_is_not_looked_at(house: House, number: int) -> None:
    for standing in gate.standings(house.ledger.log(number), clock.now()):
        aside = partial(gate.override, gate=standing.spec.key, reason="not the subject", by="ana")
        if not standing.open:
            house.ledger.act(number, aside)
    house.ledger.act(number, partial(gate.resolve, by="ana"))
    at = Clock()
    look(signals := watching(house, at), at, 5)
    assert (signals.looks(number), pulses(house, number)) == ((), [])


@pytest.mark.req(51)
def test_the_error_rate_is_a_sign_and_graphs_are_kept_for_the_review(house: House, tmp_path: Path) -> None:
    with till(tmp_path / "sold") as one, measured(one):
        until(lambda: one.value('count_over_time(http_requests_total{code="502"}[1m]) >= 2'))
        one.ask("/broken", 10)
        until(lambda: one.value("sum(http_requests_total)") == 10)
        until(lambda: one.value("count_over_time(http_requests_total[5m]) >= 5"))
        number = house.declare.by_person("Sales fail", by="ana", service="till").number
        at = Clock()
        signals = watching(house, at, prometheus=PrometheusSettings(url=one.measured_by))
        assert signals.panels(number, house.ledger.log(number)) == ()  # a page never waits
        look(signals, at, 2)
        assert pulses(house, number) == ["happening"]
        shown = signals.panels(number, house.ledger.log(number))
        assert shown[0].last == pytest.approx(100.0)
        for standing in gate.standings(house.ledger.log(number), clock.now()):
            aside = partial(gate.override, gate=standing.spec.key, reason="not the subject", by="ana")
            if not standing.open:
                house.ledger.act(number, aside)
        house.ledger.act(number, partial(gate.resolve, by="ana"))
        seq = house.ledger.head(number)
        effect = Effect(kind="review", key=f"{number}:{seq}:review", incident=number, seq=seq)
        signals.keep(effect)
        signals.keep(effect)  # tried again after a crash, it is kept once
    log = house.ledger.log(number)
    [kept] = [event for event in log if isinstance(event, GraphsKept)]
    assert any(said.startswith("Error rate 100 %") for said in kept.says)
    later = watching(house, Clock(), prometheus=None)  # months later Prometheus has forgotten it
    assert later.panels(number, log)[0].points[-1][1] == pytest.approx(100.0)


def looking(house: House, **more: object) -> Investigate:
    settings = {name: getattr(house.settings, name) for name in house.settings.__struct_fields__} | more
    parts = {"ledger": house.ledger, "library": house.library, "evidence": house.evidence, "deploys": house.deploys,
             "alerts": house.alerts, "feeds": house.investigate.feeds, "now": clock.now}  # fmt: skip
    return investigate(type(house.settings)(**settings), **parts)  # type: ignore[arg-type]


@pytest.mark.req(45, 62)
def test_a_commit_in_a_repository_is_a_suspect_and_one_that_cannot_be_read_is_said(
    house: House, tmp_path: Path
) -> None:
    shop = tmp_path / "kiosk.git"
    shop.mkdir()
    git(shop, "init", "-q", "-b", "main")
    ago = (clock.now() - timedelta(minutes=7)).isoformat()
    git(shop, "commit", "-q", "--allow-empty", "-m", "Shut the door at night", GIT_COMMITTER_DATE=ago)
    seen = looking(
        house,
        repositories=(
            RepositorySettings(path=str(shop), service="kiosk", link="https://git.example/{sha}"),
            RepositorySettings(path=str(tmp_path / "gone"), service="kiosk"),
        ),
    )
    seen.commits.look()
    number = house.declare.by_person("The kiosk is shut", by="ana", service="kiosk").number
    found = seen(number).suspects
    assert (found.sure, found.all[0].title) == (True, "push of kiosk: Shut the door at night")
    assert found.all[0].url == f"https://git.example/{git(shop, 'rev-parse', 'HEAD')}"
    assert "Changes of gone are unknown" in seen(number).blind[0]
    seen.commits.look()
    assert len(house.deploys.lately(clock.now(), "kiosk")) == 1


@pytest.mark.req(62)
def test_alerts_of_what_it_depends_on_are_suspects(house: House) -> None:
    early = kiosk_shut()
    payments = type(early)(
        source="alertmanager", labels={"alertname": "PaymentsDown", "service": "payments"},
        annotations={"summary": "Payments answer 503"}, starts_at=clock.now() - timedelta(minutes=5),
    )  # fmt: skip
    house.alerts.take((payments,), clock.now())
    number = house.declare.by_person("The kiosk is shut", by="ana", service="kiosk").number
    seen = looking(house, dependencies={"Kiosk": ("payments",)})
    assert seen(number).suspects.says == "Most likely: payments is unwell."
    assert not looking(house)(number).suspects.sure


@pytest.mark.req(63, 125)
def test_a_past_incident_is_shown_with_what_it_was_and_a_private_one_never_is(house: House) -> None:
    for title, private in (("The kiosk door is stuck", False), ("The kiosk door was forced", True)):
        deed = partial(
            incident.declare, title=title, severity="P1", severity_name="High", severity_why="w", response_minutes=15,
            by="ana", service="kiosk", private=private,
        )  # fmt: skip
        old = house.ledger.open(deed).number
        house.ledger.act(old, partial(incident.state_root_cause, text="The door froze", by="ana"))
        for standing in gate.standings(house.ledger.log(old), clock.now()):
            if not standing.open:
                aside = partial(gate.override, gate=standing.spec.key, reason="not the subject", by="ana")
                house.ledger.act(old, aside)
        house.ledger.act(old, partial(gate.resolve, by="ana"))
    number = house.declare.by_person("The kiosk door does not open", by="ana", service="kiosk").number
    seen = looking(house)
    seen.past.look()
    [one] = seen(number).similar
    assert (one.past.number, one.past.cause) == (1, "The door froze")


@pytest.mark.req(54)
def test_a_provider_whose_feed_was_not_read_is_unknown_and_never_well(build_house: Open, health: Till) -> None:
    feeds = tuple(
        FeedSettings(name=name, url=f"{health.url}{path}", kind="provider")
        for name, path in (("pay", "/sell"), ("cdn", "/broken"))
    )
    house = build_house(feeds=feeds)
    house.database.migrate()
    try:
        assert {one.state for one in house.investigate.feeds.providers()} == {"unknown"}
        house.investigate.feeds.look()
        told = house.investigate.feeds.providers()
        assert {one.name: one.state for one in told} == {"pay": "unknown", "cdn": "unknown"}
        assert "no RSS" in told[0].says[0]
    finally:
        house.investigate.feeds._http.close()
        house.database.close()


def test_a_change_is_found_however_far_back_and_the_page_says_how_far(house: House) -> None:
    at = clock.now() - timedelta(days=3)
    house.deploys.keep(Deploy(key="k", at=at, kind="deploy", source="github", service="kiosk", title="New door"))
    number = house.declare.by_person("The kiosk is shut", by="ana", service="kiosk").number
    found = looking(house)(number).suspects
    assert found.all[0].title == "deploy of kiosk: New door"
    assert "within seven days" in found.all[0].reasons[0]
    assert not found.sure
