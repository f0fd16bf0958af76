"""Standing probes follow settings and runbooks: what is no longer watched ends, and nothing seen is lost on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts.wire import Switchboard, answer
from fireline.core.alert import Alert
from fireline.core.events import NoteAdded
from fireline.core.refusal import Refused
from fireline.core.runbook import parse
from fireline.core.runbook.health import place_of, service_of
from fireline.house import House
from fireline.settings import ProbeSettings
from fireline.shell import parse as shell
from fireline.workflows.library import read
from fireline.workflows.probes import Probes, addresses
from kiosk import RUNBOOK, Open, until

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ASKS = "\n## Health\n\n```bash\n# Is the kiosk well?\ncurl -f {url}health\n```\n"


class Watched:
    """Probes of a house that is not open, on a clock that only moves when told."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.at = NOON
        house.database.migrate()
        house.durable.prepare()
        house.library.load()

    def probes(self, *probes: ProbeSettings, runbooks: bool = False) -> Probes:
        return Probes(
            alerts=self.house.alerts,
            library=self.house.library,
            probes=probes,
            runbooks=runbooks,
            now=lambda: self.at,
        )

    def looks(self, probes: Probes, times: int = 1) -> None:
        for _ in range(times):
            probes.look()
            self.at += timedelta(seconds=30)

    def firing(self) -> list[Alert]:
        return [one for one in self.house.alerts.firing() if one.source == "probe"]


def test_the_alert_of_a_probe_that_was_renamed_ends_at_the_next_start(build_house: Open) -> None:
    watched = Watched(build_house())
    dead = "http://127.0.0.1:9/health"  # the discard port: nobody listens
    watched.looks(watched.probes(ProbeSettings(name="KioskShut", url=dead, service="kiosk", failures=1)))
    assert [one.name for one in watched.firing()] == ["KioskShut"]
    watched.looks(watched.probes(ProbeSettings(name="KioskClosed", url=dead, service="kiosk", failures=1)))
    assert [one.name for one in watched.firing()] == ["KioskClosed"]
    watched.house.close()


@pytest.mark.req(20)
def test_the_runbooks_own_addresses_are_watched_and_follow_the_runbook(build_house: Open, tmp_path: Path) -> None:
    watched = Watched(build_house(runbook=RUNBOOK + ASKS.format(url="http://127.0.0.1:9/")))
    probes = watched.probes(runbooks=True)
    watched.looks(probes, times=2)
    (alarm,) = watched.firing()
    assert (alarm.name, alarm.service, alarm.labels["instance"]) == (
        "HealthCheckFailed",
        "127.0.0.1:9",
        "127.0.0.1:9/health",
    )
    (tmp_path / "kiosk.md").write_text(RUNBOOK)
    watched.house.library.load()
    watched.looks(probes)
    assert watched.firing() == []
    over = watched.house.alerts.find(alarm.fingerprint)
    assert over is not None
    assert "no longer watched" in over.annotations["description"]
    watched.house.close()


def away(house: House, *, on: bool) -> None:
    """Nothing can be stored while it is, and what is stored can be read."""
    with house.database.writing() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {'look' if on else 'gone'} RENAME TO {'gone' if on else 'look'}")


def test_an_end_that_could_not_be_stored_is_stored_at_the_next_look(build_house: Open) -> None:
    switchboard = Switchboard()
    served = switchboard.serve(answer(200))
    try:
        watched = Watched(build_house())
        probe = ProbeSettings(name="KioskShut", url=f"{served.url}health", service="kiosk", failures=1)
        labels = {"alertname": "KioskShut", "service": "kiosk"}
        watched.house.alerts.take([Alert(source="probe", labels=labels, starts_at=NOON)], NOON)
        probes = watched.probes(probe)
        away(watched.house, on=True)
        with pytest.raises(Refused, match="tables"):
            watched.looks(probes)
        away(watched.house, on=False)
        watched.looks(probes)
        assert watched.firing() == []
        watched.house.close()
    finally:
        switchboard.close()


def test_an_address_that_the_settings_name_is_not_watched_twice() -> None:
    book = parse(RUNBOOK + ASKS.format(url="http://kiosk.example/"), path="kiosk.md", shell=shell)
    mine = ProbeSettings(name="KioskShut", url="http://kiosk.example/health", service="kiosk")
    assert addresses([mine], [book, book]) == (mine,)
    assert [(one.name, one.service) for one in addresses([], [book, book])] == [("HealthCheckFailed", "kiosk")]


@pytest.mark.req(20)
def test_the_page_the_project_was_asked_to_run_gives_its_addresses_once_each(shared: Path) -> None:
    found = addresses([], [read(shared / "seed" / "incident-response-runbook.md")])
    assert len(found) == 6
    assert len({one.service for one in found}) == 6


def test_a_key_in_an_address_is_in_no_label() -> None:
    assert place_of("https://ana:hunter2@shop.example:8443/health?token=abc") == "shop.example:8443/health"
    assert [
        service_of(f"http://{host}/health") for host in ("www.shop.example", "till.shop.svc:80", "10.0.0.7:80")
    ] == [
        "shop",
        "till",
        "10.0.0.7:80",
    ]


def notes(house: House, number: int) -> list[NoteAdded]:
    return [event for event in house.ledger.log(number) if isinstance(event, NoteAdded)]


@pytest.mark.req(23)
def test_the_first_look_is_noted_on_the_incident_within_seconds_of_its_declaration(open_house: Open) -> None:
    switchboard = Switchboard()
    well = switchboard.serve(answer(200))
    try:
        book = RUNBOOK + ASKS.format(url=well.url) + ASKS.format(url="http://127.0.0.1:9/")
        house = open_house(runbook=book)
        number = house.declare.by_person("Nobody can buy anything", by="ana").number
        until(lambda: notes(house, number), seconds=8)
        [note] = notes(house, number)
        assert note.text == (
            "First look: 1 of 2 health addresses answer well. 127.0.0.1:9 refused the connection. "
            f"{well.host} answered 200 OK."
        )
        assert note.by == "fireline"
    finally:
        switchboard.close()
