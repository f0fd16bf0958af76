"""The rule: the room is there without any chat: its name, its call, its topic, and all that a channel would be told."""

from __future__ import annotations

import pytest

from api.caller import Caller

HERE = "/api/v1/incidents/1"


@pytest.mark.req(34, 43)
def test_the_room_holds_the_call_the_topic_and_every_turn(ana: Caller, ben: Caller) -> None:
    ana.post("/api/v1/incidents", {"title": "The coffee is cold", "severity": "P1"})
    assert ben.post(f"{HERE}/call", {"url": "https://zoom.example.com/j/7"}).status_code == 201
    ana.post(f"{HERE}/acknowledgement")
    ana.post(f"{HERE}/updates", {"actions": "the machine is being warmed"})
    here = ana.get(f"{HERE}/room").json()
    assert here["call"] == "https://zoom.example.com/j/7"
    assert here["topic"].startswith("P1: The coffee is cold · Investigating · Call: https://zoom.example.com/j/7 · ")
    assert here["channel"] == ""
    assert here["name"].startswith("incident-")
    said = [(one["by"], one["text"]) for one in here["said"]]
    assert said[:2] == [("ben", "Call: https://zoom.example.com/j/7"), ("ana", "ana has it.")]
    sent = ana.get(f"{HERE}/updates").json()["sent"][0]["text"]
    assert said[2] == ("ana", sent)


@pytest.mark.req(43)
def test_what_is_no_link_is_refused_in_words_and_nobody_who_only_looks_sets_one(ana: Caller, vera: Caller) -> None:
    ana.post("/api/v1/incidents", {"title": "The coffee is cold", "severity": "P1"})
    answer = ana.post(f"{HERE}/call", {"url": "zoom"})
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "Paste the whole link of the call, from https:// on.", "field": "url"},
    )
    assert vera.post(f"{HERE}/call", {"url": "https://zoom.example.com/j/7"}).status_code == 403


@pytest.mark.req(111)
def test_a_channel_is_kept_once(ana: Caller) -> None:
    ana.post("/api/v1/incidents", {"title": "The coffee is cold", "severity": "P1"})
    assert ana.post(f"{HERE}/channel/keeping", {"why": "the review is held there"}).status_code == 201
    again = ana.post(f"{HERE}/channel/keeping", {})
    assert (again.status_code, again.json()["error"]) == (409, "The channel stays already.")
