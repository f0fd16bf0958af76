"""The stream of a live page: a beat with the server's time, and small named events when the log grows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import httpx2

from fireline.core import incident
from web.told import Told


def _events(stream: httpx2.Response) -> Iterator[dict[str, str]]:
    found: dict[str, str] = {}
    for line in stream.iter_lines():
        if not line and found:
            yield found
            found = {}
        elif line and not line.startswith(":"):
            name, _, value = line.partition(":")
            found[name] = value.strip()


def test_each_new_event_of_the_log_names_the_regions_to_fetch_with_a_growing_id(told: Told) -> None:
    number = told.declare()
    head, before = told.house.ledger.head(number), told.times()
    with told.browser() as ana, ana.stream("GET", f"/incidents/{number}/events?after={head}") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        events = _events(stream)
        first = next(events)
        assert first["event"] == "beat"
        assert int(before.timestamp() * 1000) <= int(first["data"]) <= told.times().timestamp() * 1000
        told.act(number, partial(incident.acknowledge, by="ana"))
        named = [next(events) for _ in range(3)]
    assert [one["event"] for one in named] == ["timeline", "steps", "status"]
    assert {one["id"] for one in named} == {str(head + 1)}


def test_a_page_that_missed_something_hears_of_it_at_once(told: Told) -> None:
    number = told.declare()
    told.act(number, partial(incident.acknowledge, by="ana"))
    with told.browser(**{"Last-Event-ID": "1"}) as ana, ana.stream("GET", f"/incidents/{number}/events") as stream:
        events = _events(stream)
        assert next(events)["event"] == "beat"
        assert next(events) == {"event": "timeline", "id": "2", "data": "2"}
