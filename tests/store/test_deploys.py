"""Changes, and what sources have to remember, are kept once and found again, on both databases."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from fireline.core.alert import Alert
from fireline.core.deploy import Deploy
from fireline.store.alerts import AlertStore
from fireline.store.database import Database
from fireline.store.deploys import Deploys
from fireline.store.heard import NAME_MAX, Heard
from store.conftest import NOON

HOUR = timedelta(hours=1)


def deploy(service: str, ago: timedelta, **more: str) -> Deploy:
    key = more.pop("key", f"{service}:{ago}")
    return Deploy(key=key, at=NOON - ago, kind="push", source="github", service=service, **more)


def test_a_change_is_kept_once_and_the_newest_words_stay(database: Database) -> None:
    deploys = Deploys(database)
    asked = deploy("till", HOUR, key="github:1", title="asked for")
    done = msgspec.structs.replace(asked, at=NOON - HOUR / 2, title="success")
    assert [deploys.keep(one) for one in (asked, done, asked)] == [True, True, False]
    assert deploys.before(NOON, "till").mine == (done,)


def test_the_changes_of_the_service_are_found_among_any_number_of_others(database: Database) -> None:
    deploys = Deploys(database)
    mine = deploy("Till", 5 * HOUR)
    deploys.keep(mine)
    for n in range(60):
        deploys.keep(deploy("shop", n * timedelta(minutes=1)))
    found = deploys.before(NOON, "till")
    assert (found.window, found.mine, len(found.others)) == (6 * HOUR, (mine,), 50)


def test_old_changes_are_swept(database: Database) -> None:
    deploys = Deploys(database)
    deploys.keep(deploy("till", HOUR))
    deploys.forget(NOON)
    assert deploys.before(NOON, "till").mine == ()


def test_what_was_heard_is_known_by_source_and_name_and_told_anew(database: Database) -> None:
    heard = Heard(database)
    heard.keep("mail", ["<a>", "<b>", "<a>"], NOON, "<a>")
    heard.keep("heartbeat", ["<a>"], NOON)
    heard.keep("mail", ["<b>"], NOON + HOUR, "<c>")
    assert heard.of("mail", ["<b>", "<z>"]) == {"<b>": (NOON + HOUR, "<c>")}
    assert set(heard.of("mail")) == {"<a>", "<b>"}
    heard.forget("mail", NOON + HOUR)
    assert set(heard.of("mail")) == {"<b>"}
    assert set(heard.of("heartbeat")) == {"<a>"}


def test_a_name_without_end_is_known_by_its_beginning(database: Database) -> None:
    heard, name = Heard(database), "https://blog.example/" + "🔥" * 5000
    heard.keep("feed blogs", [name], NOON)
    assert set(heard.of("feed blogs", [name])) == {name[:NAME_MAX]}


def test_an_alert_that_always_fires_tells_when_it_was_told_last(database: Database) -> None:
    alerts = AlertStore(database)
    alerts.start(NOON, lambda _look, _fingerprints: None)
    for name in ("Watchdog", "Watchdog%"):
        alerts.take([Alert(source="alertmanager", labels={"alertname": name}, starts_at=NOON)], NOON)
    watchdog = Alert(source="alertmanager", labels={"alertname": "Watchdog"}, starts_at=NOON)
    alerts.take([watchdog], NOON + HOUR)
    alerts.flush()
    assert Heard(database).alerts({"Watchdog", "Nobody"}) == {"Watchdog": NOON + HOUR}
    alerts.stop()
