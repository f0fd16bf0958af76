"""A provider's open event is an alert until its feed says it is over; a feed nobody can read is "no data"."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from connectors.test_feeds import atom, rss
from fireline.connectors.http import Http
from fireline.core.alert import Alert
from fireline.settings import FeedSettings
from fireline.store.alerts import AlertStore
from fireline.store.database import Database
from fireline.store.heard import Heard
from fireline.workflows.feeds import Feeds

OPEN = ("Slow writes", "<strong>Investigating</strong> - We look.")
OVER = ("Slow writes", "<strong>Resolved</strong> - It is over.")


class Publisher(ThreadingHTTPServer):
    """Serves one body under one ETag; says 304 to whoever has it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Page)
        self.body, self.status, self.answers = b"", 200, [0]

    def publish(self, body: bytes, status: int = 200) -> None:
        self.body, self.status = body, status


class Page(BaseHTTPRequestHandler):
    """Answers with what was published."""

    server: Publisher

    def do_GET(self) -> None:
        etag = f'"{hash(self.server.body)}"'
        status = 304 if self.headers.get("If-None-Match") == etag and self.server.status == 200 else self.server.status
        self.server.answers.append(status)
        self.send_response(status)
        self.send_header("ETag", etag)
        body = self.server.body if status == 200 else b""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """A real server on loopback."""
    server = Publisher()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


class Desk:
    """A store, and feeds read on a clock that only moves when told."""

    def __init__(self, folder: Path, publisher: Publisher) -> None:
        self.at = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
        self.url = f"http://127.0.0.1:{publisher.server_port}/feed"
        self.database = Database(f"sqlite:///{folder / 'fireline.db'}")
        self.database.migrate()
        self.alerts = AlertStore(self.database)
        self.alerts.start(self.at, lambda _look, _fingerprints: None)
        self.http = Http(timeout=2)

    def feeds(self, *feeds: FeedSettings) -> Feeds:
        return Feeds(feeds=feeds, alerts=self.alerts, heard=Heard(self.database), http=self.http, now=lambda: self.at)

    def provider(self, **more: object) -> FeedSettings:
        return FeedSettings(name="AWS", url=self.url, kind="provider", **more)  # type: ignore[arg-type]  # a test's words

    def mentions(self, *words: str) -> FeedSettings:
        return FeedSettings(name="blogs", url=self.url, kind="mentions", match=words)

    def looks(self, feeds: Feeds, times: int = 1, every: timedelta = timedelta(minutes=5)) -> None:
        for _ in range(times):
            feeds.look()
            self.at += every

    def firing(self) -> list[Alert]:
        return list(self.alerts.firing())

    def close(self) -> None:
        self.http.close()
        self.alerts.stop()
        self.database.close()


@pytest.fixture
def desk(tmp_path: Path, publisher: Publisher) -> Iterator[Desk]:
    made = Desk(tmp_path, publisher)
    yield made
    made.close()


@pytest.mark.req(133)
def test_an_open_event_is_an_alert_and_ends_when_the_feed_says_so(desk: Desk, publisher: Publisher) -> None:
    publisher.publish(atom(OPEN))
    feeds = desk.feeds(desk.provider(service="storage"))
    desk.looks(feeds, 3)
    (one,) = desk.firing()
    assert (one.source, one.name, one.service, one.summary) == ("feed", "ProviderEvent", "storage", "AWS: Slow writes")
    publisher.publish(atom(OPEN, OVER))
    desk.looks(feeds)
    assert desk.firing() == []
    assert publisher.answers[1:4] == [200, 304, 304]


def test_a_restart_remembers_what_is_open(desk: Desk, publisher: Publisher) -> None:
    publisher.publish(atom(OPEN))
    desk.looks(desk.feeds(desk.provider()))
    publisher.publish(atom(OPEN, OVER))
    desk.looks(desk.feeds(desk.provider()))
    assert desk.firing() == []


def test_old_events_that_are_over_raise_nothing(desk: Desk, publisher: Publisher) -> None:
    publisher.publish(atom(OVER))
    desk.looks(desk.feeds(desk.provider()))
    desk.at += timedelta(days=30)
    publisher.publish(atom(("Long ago", "")))
    desk.looks(desk.feeds(desk.provider()))
    assert desk.firing() == []


def test_an_event_that_disappears_is_over_after_its_days(desk: Desk, publisher: Publisher) -> None:
    publisher.publish(atom(OPEN))
    feeds = desk.feeds(desk.provider(days=2))
    desk.looks(feeds)
    publisher.publish(atom())
    desk.looks(feeds, every=timedelta(days=1))
    assert len(desk.firing()) == 1
    desk.looks(feeds, 2, every=timedelta(days=1))
    assert desk.firing() == []


@pytest.mark.req(133)
@pytest.mark.parametrize("broken", [(b"", 500), (b"<html>Please sign in</html>", 200)])
def test_a_feed_that_cannot_be_read_is_no_data_and_leaves_its_events_as_they_are(
    desk: Desk, publisher: Publisher, broken: tuple[bytes, int]
) -> None:
    publisher.publish(atom(OPEN))
    feeds = desk.feeds(desk.provider())
    desk.looks(feeds)
    publisher.publish(*broken)
    desk.looks(feeds, 2)
    assert [one.name for one in desk.firing()] == ["ProviderEvent"]
    desk.looks(feeds, 2)
    blind = next(one for one in desk.firing() if one.name == "FeedUnreadable")
    assert (blind.state, blind.service) == ("no data", "AWS")
    assert "nobody knows how it is" in blind.summary
    assert len(desk.firing()) == 2
    publisher.publish(atom(OPEN))
    desk.looks(feeds)
    assert [one.name for one in desk.firing()] == ["ProviderEvent"]


@pytest.mark.req(15)
def test_a_mention_is_told_once_by_its_address_across_restarts(desk: Desk, publisher: Publisher) -> None:
    publisher.publish(rss(("Lantern is down", "nothing loads")).replace(b"<link>https://status.example/</link>", b""))
    feeds = desk.feeds(desk.mentions("lantern"))
    desk.looks(feeds, 2)
    (one,) = desk.firing()
    assert (one.source, one.name, one.generator_url) == ("mention", "Mention", "https://status.example/#s3_0")
    desk.looks(desk.feeds(desk.mentions("lantern")), 2)
    assert len(desk.firing()) == 1
    publisher.publish(publisher.body.replace(b"#s3_0", b"#s3_1").replace(b"Lantern", b"Candle"))
    desk.looks(feeds)
    assert len(desk.firing()) == 1, "the words do not stand in it"


def test_last_years_mentions_are_history(desk: Desk, publisher: Publisher) -> None:
    desk.at += timedelta(days=400)
    publisher.publish(rss(("Lantern is down", "")))
    desk.looks(desk.feeds(desk.mentions("lantern")))
    assert desk.firing() == []


def test_the_alerts_of_a_feed_that_is_no_longer_read_end(desk: Desk, publisher: Publisher) -> None:
    publisher.publish(atom(OPEN))
    desk.looks(desk.feeds(desk.provider()))
    desk.looks(desk.feeds())
    assert desk.firing() == []
