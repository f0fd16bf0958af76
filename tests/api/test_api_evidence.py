"""Outputs are read by line and by word, a run is cancelled, a file is attached: as the API's document says."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from hashlib import sha256

import pytest

from api.caller import Caller
from fireline.clock import now
from fireline.core import command
from fireline.core.events import HOUSE
from fireline.core.refusal import Refused
from fireline.house import House

OUTPUT = "".join(f"row {n}{' needle' if n == 500 else ''}\n" for n in range(1, 1001))


def declared(ana: Caller) -> str:
    return f"/api/v1/incidents/{ana.post('/api/v1/incidents', {'title': 'The tea is cold'}).json()['number']}"


def started(house: House, path: str) -> None:
    start = partial(
        command.start_read, run="r1", step="k1", title="Read", command="cat log", effect="read", rule="cat",
        unattended=True, purpose="diagnosis", by=HOUSE,
    )  # fmt: skip
    house.ledger.act(int(path.rpartition("/")[2]), start)


@pytest.mark.req(60)
def test_an_output_is_read_by_line_and_by_word(ana: Caller, house: House) -> None:
    path = declared(ana)
    started(house, path)
    assert ana.get(f"{path}/runs/r1/output").status_code == 404  # it has not ended
    kept = house.evidence.keep_stream(iter([OUTPUT.encode()]), now())
    end = partial(
        command.finish, run="r1", ending="ok", exit_code=0, seconds=1.0, evidence=kept.digest, size=kept.size, by=HOUSE
    )
    house.ledger.act(int(path.rpartition("/")[2]), end)
    whole = ana.get(f"{path}/runs/r1/output").json()
    assert (whole["of"], whole["left_out"], whole["last"][-1]) == (1000, 600, {"number": 1000, "text": "row 1000"})
    found = ana.get(f"{path}/runs/r1/output?grep=NEEDLE").json()
    assert found["lines"] == [{"number": 500, "text": "row 500 needle"}]
    assert ana.get(f"{path}/runs/r1/output?line=700").json()["lines"][0]["number"] == 700
    assert ana.get(f"{path}/runs/r1/output?line=7000").status_code == 400
    assert ana.get(f"{path}/evidence/{kept.digest}").text == OUTPUT


@pytest.mark.req(48)
def test_a_run_is_cancelled_once_with_a_reason(ana: Caller, ben: Caller, vera: Caller, house: House) -> None:
    path = declared(ana)
    started(house, path)
    cancellation = f"{path}/runs/r1/cancellation"
    assert vera.post(cancellation, {"reason": "x"}).status_code == 403
    assert ana.post(cancellation, {"reason": " "}).json()["field"] == "reason"
    assert ana.post(cancellation, {"reason": "wrong host"}).status_code == 201
    assert ben.post(cancellation, {"reason": "me too"}).json()["error"] == "ana has cancelled it already: wrong host"
    assert ana.post(f"{path}/runs/r9/cancellation", {"reason": "x"}).status_code == 404


@pytest.mark.req(58)
def test_a_file_is_attached_byte_for_byte_and_never_too_large(ana: Caller, vera: Caller, house: House) -> None:
    path = declared(ana)
    dump = bytes(range(256)) * 50_000  # above the limit of other bodies
    headers = {"Content-Type": "application/octet-stream"}
    to = f"{path}/attachments?name=heap.bin&note=late"
    assert vera.ask("POST", to, content=dump, headers=headers).status_code == 403
    assert ana.ask("POST", to, content=dump, headers=headers).status_code == 201
    (one,) = ana.get(f"{path}/attachments").json()["attachments"]
    assert (one["name"], one["size"], one["note"], one["by"]) == ("heap.bin", len(dump), "late", "ana")
    assert one["evidence"] == sha256(dump).hexdigest()
    assert ana.get(f"{path}/attachments/{one['evidence']}").content == dump
    assert ana.get(f"{path}/attachments/{'0' * 64}").status_code == 404
    assert ana.ask("POST", to, content=dump, headers=headers).status_code == 409
    assert ana.ask("POST", "/api/v1/incidents/99/attachments?name=a", content=b"x", headers=headers).status_code == 404


def test_the_limit_of_a_file_is_a_setting(house: House) -> None:
    made = house.declare.by_person("Cold tea", by="ana")
    small = replace(house.attach, largest=10)
    with pytest.raises(Refused, match="at most 10 bytes"):
        small(made.number, "a", iter([b"123456", b"789012"]), note="", by="ana")
