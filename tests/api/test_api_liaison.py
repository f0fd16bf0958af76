"""The rule: a summary is shown before it is sent, and a decision keeps its dissent."""

from __future__ import annotations

from api.caller import Caller

HERE = "/api/v1/incidents/1"


def test_a_decision_is_written_down_and_read(ana: Caller, vera: Caller) -> None:
    ana.post("/api/v1/incidents", {"title": "The coffee is cold", "severity": "P1"})
    body = {"text": "We close the shop.", "dissent": [{"who": "ben", "what": "it is noon"}]}
    assert ana.post(f"{HERE}/decisions", body).status_code == 201
    (one,) = vera.get(f"{HERE}/decisions").json()["decisions"]
    assert (one["number"], one["by"], one["objections_asked"]) == (1, "ana", True)
    assert one["dissent"] == [{"who": "ben", "what": "it is noon"}]
    assert vera.post(f"{HERE}/decisions", body).status_code == 403
    empty = ana.post(f"{HERE}/decisions", {"text": " "})
    assert (empty.status_code, empty.json()["field"]) == (400, "text")


def test_without_stakeholders_a_summary_is_drafted_and_refused_in_words(ana: Caller) -> None:
    ana.post("/api/v1/incidents", {"title": "The coffee is cold", "severity": "P1"})
    told = ana.get(f"{HERE}/summaries").json()
    assert (told["sent"], told["draft"]["to"], told["draft"]["due_at"]) == ([], [], None)
    assert "The coffee is cold" in told["draft"]["text"]
    answer = ana.post(f"{HERE}/summaries", {"text": told["draft"]["text"]})
    assert (answer.status_code, "name no stakeholders" in answer.json()["error"]) == (409, True)
