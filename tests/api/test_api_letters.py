"""Through the API customers are written to as from the page: filled, checked, approved by another, once to each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from api.caller import Caller
from doors import in_front_of
from fireline.clock import now
from fireline.house import House, build
from fireline.settings import CustomersSettings, PersonSettings, Runbooks, Settings, SmtpSettings, Store
from workflows.postbox import Postbox, postbox

RUNBOOKS = Path(__file__).resolve().parents[2] / "examples" / "runbooks"
FILLED = {
    "choice": "FYI", "began": "2026-03-02T12:00", "ended": "2026-03-02T12:50", "services": ["lantern"],
    "impact": "You could not pay.", "cause": "A disk was full.", "resolution": "We made room.",
    "prevention": "We watch it.",
}  # fmt: skip


@pytest.fixture
def box() -> Iterator[Postbox]:
    with postbox() as found:
        yield found


@pytest.fixture
def house(tmp_path: Path, box: Postbox) -> Iterator[House]:
    """As elsewhere, with a mail server; nothing is sent by itself."""
    one = build(
        Settings(
            store=Store(url=f"sqlite:///{tmp_path}/fireline.db", spool=str(tmp_path / "spool")),
            runbooks=Runbooks(paths=(str(RUNBOOKS),)),
            smtp=SmtpSettings(host="127.0.0.1", port=box.port, security="none", sender="care@lantern.example"),
            customers=CustomersSettings(pace=0),
            people={"ana": PersonSettings(mail="ana@lantern.example")},
        )
    )
    one.database.migrate()
    one.durable.prepare()
    one.library.load()
    for handle, role in (("ana", "admin"), ("ben", "responder"), ("vera", "viewer")):
        one.accounts.add(handle, handle.capitalize(), role)
    yield one
    one.database.close()


@pytest.fixture
def caller(house: House) -> Iterator[Callable[[str | None], Caller]]:
    with in_front_of(house) as application:

        def made(handle: str | None) -> Caller:
            return Caller(application, house.accounts.token(handle, "api", now()) if handle else None)

        yield made


@pytest.fixture
def path(ana: Caller) -> str:
    """Of the letters of a fresh incident; two customers of the service are known."""
    number = ana.post("/api/v1/incidents", {"title": "Slow shop", "severity": "P1", "service": "lantern"}).json()
    known = [{"mail": "Cleo@example.com", "services": ["lantern"]}, {"mail": "dora@example.com"}]
    assert ana.post("/api/v1/customers", {"customers": known}).json() == {"customers": 2, "new": 2}
    return f"/api/v1/incidents/{number['number']}/letters"


def letters(answer: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer.json()["letters"]
    return found


@pytest.mark.req(91, 92)
def test_previewed_drafted_tested_approved_and_sent(
    ana: Caller, ben: Caller, house: House, path: str, box: Postbox
) -> None:
    shown = ana.post(f"{path}/preview", {"services": ["lantern"]}).json()
    assert "[What readers noticed]" in shown["text"]
    assert any(one["stops"] for one in shown["findings"])
    shown = ana.post(f"{path}/preview", FILLED).json()
    assert shown["recipients"] == 2
    assert "<li>You could not pay.</li>" in shown["html"]
    assert letters(ana.get(path)) == []
    [one] = letters(ana.post(path, FILLED))
    assert (one["state"], one["text"], one["recipients"]) == ("draft", shown["text"], 2)
    assert ana.post(f"{path}/1/test").json() == {"to": "ana@lantern.example"}
    assert box.to() == ["ana@lantern.example"]
    [one] = letters(ana.get(path))
    assert one["tested_by"] == ["ana"]
    yes = {"shown": one["digest"], "meant": True}
    assert ana.post(f"{path}/1/yes", yes).status_code == 403
    assert ben.post(f"{path}/1/yes", yes | {"shown": "x"}).status_code == 409
    key = {"Idempotency-Key": "a key that is long enough"}
    for _ in range(2):
        [one] = letters(ben.post(f"{path}/1/yes", yes, headers=key))
    assert (one["state"], one["counts"]) == ("going out", {"waiting": 2})
    box.refuses = {"dora@example.com": "550 no such person"}
    assert house.customer_mail.mailer
    for _ in range(2):
        house.customer_mail.mailer.look()
    [one] = letters(ana.get(path))
    assert (one["state"], one["counts"]) == ("sent", {"sent": 1, "refused": 1})
    [copy] = ana.get(f"{path}/1/copies").json()["copies"]
    assert (copy["mail"], copy["state"]) == ("dora@example.com", "refused")
    [one] = letters(ana.post(f"{path}/1/copies/{copy['customer']}/again"))
    assert one["state"] == "going out"
    [one] = letters(ana.post(f"{path}/1/no", {"reason": "they have closed"}))
    assert (one["state"], one["counts"]) == ("stopped", {"sent": 1, "stopped": 1})


def test_what_is_wrong_is_said(ana: Caller, vera: Caller, path: str) -> None:
    assert ana.post(path, {"services": []}).json()["field"] == "services"
    assert ana.post(path, FILLED | {"began": "noon"}).json()["field"] == "began"
    assert ana.post(f"{path}/1/yes", {"shown": "x"}).status_code == 404
    assert ana.post(f"{path}/1/copies/1/again").status_code == 404
    assert vera.post(path, FILLED).status_code == 403
    assert ana.post("/api/v1/customers", {"customers": [{"mail": "nobody"}]}).json()["field"] == "mail"
    many = [{"mail": f"a{n}@example.com"} for n in range(5001)]
    assert ana.post("/api/v1/customers", {"customers": many}).status_code == 400


@pytest.mark.req(92)
def test_customers_are_listed_to_those_who_act_and_leave_for_good(ana: Caller, vera: Caller, path: str) -> None:
    assert path
    told = ana.get("/api/v1/customers").json()
    assert [(one["mail"], one["services"]) for one in told["customers"]] == [
        ("cleo@example.com", ["lantern"]), ("dora@example.com", ["*"]),
    ]  # fmt: skip
    assert (told["here"], told["left"], told["services"]) == (2, 0, {"*": 1, "lantern": 1})
    assert ana.get("/api/v1/customers?after=cleo@example.com").json()["customers"][0]["mail"] == "dora@example.com"
    assert vera.get("/api/v1/customers").status_code == 403
    assert vera.get(f"{path}/1/copies").status_code == 403
    assert ana.post("/api/v1/customers/leaving", {"mail": "DORA@example.com"}).json()["left"] == 1
    assert ana.post("/api/v1/customers/leaving", {"mail": "x@example.com"}).status_code == 404
    again = {"customers": [{"mail": "dora@example.com", "services": ["blog"]}]}
    assert ana.post("/api/v1/customers", again).json() == {"customers": 1, "new": 0}
    assert ana.get("/api/v1/customers").json()["left"] == 1
