"""fireline's own look at a health URL becomes an alarm after two failures, and ends with the first good answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from fireline import clock
from fireline.settings import ProbeSettings
from fireline.workflows.probes import Pulse

STEP = timedelta(seconds=30)


class Kiosk(BaseHTTPRequestHandler):
    """Answers as its server's `status` says."""

    def do_GET(self) -> None:
        self.send_response(self.server.status)  # type: ignore[attr-defined]  # set by the fixture
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def kiosk() -> Iterator[HTTPServer]:
    """A real server that is well until told otherwise."""
    server = HTTPServer(("127.0.0.1", 0), Kiosk)
    server.status = 200  # type: ignore[attr-defined]  # what Kiosk answers
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def pulse_of(server: HTTPServer) -> Pulse:
    url = f"http://127.0.0.1:{server.server_port}/health"
    return Pulse(ProbeSettings(name="KioskShut", url=url, service="kiosk"))


@pytest.mark.req(19)
def test_the_second_failure_in_a_row_is_an_alarm_and_a_good_answer_ends_it(kiosk: HTTPServer) -> None:
    pulse, at = pulse_of(kiosk), clock.now()
    assert pulse.look(at) is None
    kiosk.status = 503  # type: ignore[attr-defined]  # see the fixture
    assert pulse.look(at + STEP) is None
    alarm = pulse.look(at + 2 * STEP)
    assert alarm is not None
    assert alarm.firing
    again = pulse.look(at + 3 * STEP)
    assert again == alarm  # said again, the same alarm
    kiosk.status = 200  # type: ignore[attr-defined]  # see the fixture
    over = pulse.look(at + 4 * STEP)
    assert over is not None
    assert over.ends_at == at + 4 * STEP
    assert over.fingerprint == alarm.fingerprint
    assert pulse.look(at + 5 * STEP) is None


def test_a_restart_does_not_forget_an_alarm_that_fires(kiosk: HTTPServer) -> None:
    kiosk.status = 503  # type: ignore[attr-defined]  # see the fixture
    first, at = pulse_of(kiosk), clock.now()
    first.look(at)
    alarm = first.look(at + STEP)
    second = pulse_of(kiosk)
    second.remember(alarm)
    kiosk.status = 200  # type: ignore[attr-defined]  # see the fixture
    over = second.look(at + 2 * STEP)
    assert over is not None
    assert alarm is not None
    assert (over.starts_at, over.firing) == (alarm.starts_at, False)
