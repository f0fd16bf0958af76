"""The rule: a private incident exists only for the people on its list, at whatever door somebody else stands.

Every route of the application is walked by an outsider, with the private incident's number and with one that was
never given: the two answers are the same, and no answer has anything of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient

from fireline import clock
from fireline.app import asgi
from fireline.core import alert as alerts
from fireline.core import approval, incident, private, roles
from fireline.core.alert import Alert
from fireline.core.incident import Incident
from fireline.core.people import Person
from fireline.house import House, build
from fireline.settings import Runbooks, Settings, Store
from fireline.store import eyes, lists, neighbours
from web.told import Told

RUNBOOKS = Path(__file__).resolve().parents[2] / "examples" / "runbooks"
WORDS = ("Zanzibar", "quetzal", "marmoset", "axolotl")  # its title, a note, its alert, its evidence
NEVER = 77  # a number that was never given
OPEN = 1
DOCUMENT: dict[str, Any] = {}  # slow to write
STREAMS = ("/events", "/incidents/{number}/events")  # which never end; they have a test of their own
# What a body may need; forms and schemas take of it what they know.
FIELDS: dict[str, Any] = {
    "text": "hello", "title": "hello", "why": "because", "reason": "because", "status": "Identified", "severity": "P2",
    "who": "ben", "to": "ana", "shown": "ab", "typed": "", "minutes": 5, "into": 1, "alerts": ["f1"], "until": "",
    "command": "ls", "url": "https://call.example/1", "what": "w", "undo": "u", "owner": "ben", "said": "done",
    "fingerprint": "f1", "subject": "s", "actions": "looking", "delivery": "pagerduty/1/trigger", "known": True,
    "users": "", "services": "", "update": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Nothing runs behind it. INC-1 is open; INC-2 is Ana's, private, and full of words; Ben knows nothing of it."""
    folder = tmp_path_factory.mktemp("quiet")
    house = build(
        Settings(
            store=Store(url=f"sqlite:///{folder}/fireline.db", spool=str(folder / "spool")),
            runbooks=Runbooks(paths=(str(RUNBOOKS),)),
        )
    )
    house.database.migrate()
    house.durable.prepare()
    house.library.load()
    house.alerts.start(clock.now(), lambda *_: None)
    for handle, role in (("ana", "responder"), ("ben", "responder"), ("alice", "admin")):
        house.accounts.add(handle, handle.capitalize(), role)
    house.declare.by_person("Redis is down", by="ben", severity="P1")
    closed = house.declare.by_person(f"{WORDS[0]} is in our network", by="ana", private=True)
    fill(house, closed)
    yield house
    house.alerts.stop()
    house.database.close()


def fill(house: House, closed: Incident) -> None:
    """Everything that some list or page could show of it."""
    act = partial(house.ledger.act, closed.number)
    act(partial(incident.acknowledge, by="ana"))
    act(partial(incident.note, text=f"They are at the {WORDS[1]}", by="ana"))
    labels = {"alertname": WORDS[2]}
    one = Alert(source="monitor", labels=labels, annotations={"summary": f"{WORDS[2]} fires"}, starts_at=clock.now())
    house.alerts.take([one], clock.now())
    house.alerts.flush()
    act(partial(alerts.join, alert=one, why="w", by="ana"))
    house.alerts.settle(one.fingerprint, verdict="joined", why=f"it is {closed.name}", incident=closed.number)
    act(
        partial(
            approval.ask, step="own", title=f"Lock {WORDS[1]}", command=f"echo {WORDS[1]}", effect="write", rule="r",
            reason="w", yes_needed=1, by="ana", why="w",
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def application(quiet: House) -> Litestar:
    return asgi(quiet)


def asks(application: Litestar, house: House, who: str | None) -> TestClient[Litestar]:
    token = house.accounts.token(who, "api", clock.now()) if who else ""
    client = TestClient(application, raise_server_exceptions=False)
    client.headers.update({"Authorization": f"Bearer {token}"} if who else {})
    return client


def doors(application: Litestar) -> list[tuple[str, str]]:
    """Every method and path template of the application."""
    return [
        (method, route.path_format)
        for route in application.routes
        for method in sorted(getattr(route, "methods", ()))
        if method in {"GET", "POST", "PUT", "PATCH", "DELETE"} and route.path_format not in STREAMS
    ]


def filled(path: str, number: int) -> str:
    """The path with this incident's number, and something for everything else."""
    path = path.replace("{number:int}", str(number)).replace("{number}", str(number))
    path = re.sub(r"\{\w*(?:role)\w*(?::\w+)?\}", "scribe", path)
    path = re.sub(r"\{\w*(?:region)\w*(?::\w+)?\}", "situation", path)
    path = re.sub(r"\{(?:ask|ask_number|task_number|debt_number|which|update|place)(?::\w+)?\}", "1", path)
    return re.sub(r"\{\w+(?::\w+)?\}", "1", path)


def call(client: TestClient[Litestar], method: str, path: str) -> Response:
    if method == "GET":
        return client.get(path, follow_redirects=False)
    body = {"json": json_for(client, path)} if path.startswith("/api") else {"data": FIELDS}
    return client.request(method, path, follow_redirects=False, **body)


def json_for(client: TestClient[Litestar], path: str) -> dict[str, Any] | None:
    """What this route of the API has to be sent."""
    if not DOCUMENT:
        DOCUMENT.update(client.get("/api/docs/openapi.json").json())
    document = DOCUMENT
    for template, methods in document["paths"].items():
        if "post" in methods and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            content = methods["post"].get("requestBody", {}).get("content", {}).get("application/json")
            if not content:
                return None
            name = content["schema"].get("$ref", "").rpartition("/")[2]
            schema = document["components"]["schemas"].get(name, {})
            return {one: FIELDS.get(one, "x") for one in schema.get("required", ())}
    return None


def own(text: str, number: int) -> str:
    """An answer without the number it was asked for, and without what is of this moment."""
    text = text.replace(f"INC-{number}", "INC-N").replace(f"incident {number}", "incident N")
    return re.sub(rf"/incidents/{number}\b", "/incidents/N", re.sub(r"\b[0-9a-f]{8}\b|\d\d:\d\d(:\d\d)?Z?", "", text))


@pytest.mark.req(8)
def test_no_door_tells_an_outsider_anything_of_it(application: Litestar, quiet: House) -> None:
    client, closed = asks(application, quiet, "ben"), 2
    before = quiet.ledger.log(closed)
    walked = 0
    for method, template in doors(application):
        if method != "GET" and "{number" not in template:
            continue  # declares, silences, signs in: nothing of an incident comes back
        answer = call(client, method, filled(template, closed))
        asked = "{number" in template  # then its number may be said back, as any other is: compared below
        for word in WORDS if asked else (*WORDS, f"INC-{closed}", f"/incidents/{closed}"):
            assert word not in answer.text, f"{method} {template} answered {answer.status_code} with {word}"
        if "incidents/{number" in template:
            never = call(client, method, filled(template, NEVER))
            assert answer.status_code == never.status_code, f"{method} {template}"
            assert own(answer.text, closed) == own(never.text, NEVER), f"{method} {template}"
            assert answer.status_code in {303, 400, 401, 403, 404, 405}, f"{method} {template} {answer.status_code}"
            walked += 1
    assert walked > 100  # pages and API
    assert quiet.ledger.log(closed) == before  # and nothing was done to it


@pytest.mark.req(8)
def test_the_same_doors_are_open_to_its_people(application: Litestar, quiet: House) -> None:
    client = asks(application, quiet, "ana")
    page = client.get("/incidents/2").text
    assert WORDS[0] in page
    assert "1 person knows of this" in page
    assert WORDS[0] in client.get("/").text
    assert client.get("/api/v1/incidents/2").json()["readers"] == ["ana"]
    assert WORDS[2] in client.get("/alerts").text


@pytest.mark.req(8)
@pytest.mark.parametrize("path", ["/metrics", "/api/v1/incidents", "/api/v1/alerts", "/", "/alerts", "/reviews"])
def test_no_list_counts_it(application: Litestar, quiet: House, path: str) -> None:
    client = asks(application, quiet, "ben")
    text = client.get(path).text
    assert not any(word in text for word in (*WORDS, "INC-2"))
    if path == "/metrics":
        assert 'fireline_incidents_open{severity="P1"} 1.0' in text
        assert "fireline_approvals_waiting 0.0" in text


def test_nobody_merges_into_what_they_do_not_see(application: Litestar, quiet: House) -> None:
    client = asks(application, quiet, "ben")
    said = [
        client.post(f"/api/v1/incidents/{OPEN}/merge", json={"into": into, "why": "w"}).json() for into in (2, NEVER)
    ]
    assert said[0]["error"].replace("2", "N") == said[1]["error"].replace(str(NEVER), "N")
    assert not quiet.ledger.read(OPEN).merged


def test_its_people_cannot_tell_of_it_by_merging(application: Litestar, quiet: House) -> None:
    answer = asks(application, quiet, "ana").post(f"/api/v1/incidents/{OPEN}/merge", json={"into": 2, "why": "w"})
    assert (answer.status_code, "Different people" in answer.json()["error"]) == (409, True)


def test_live_pages_are_told_nothing_of_it(quiet: House) -> None:
    with eyes.of("ben"):
        assert (quiet.ledger.head(2), quiet.ledger.head(NEVER)) == (0, 0)
        before = quiet.ledger.heads()
    quiet.ledger.act(2, partial(incident.note, text="again", by="ana"))
    with eyes.of("ben"):
        assert quiet.ledger.heads() == before
    with eyes.of("ana"):
        assert quiet.ledger.heads() > before


def test_what_nobody_said_whose_it_is_sees_nothing(quiet: House) -> None:
    with eyes.of():
        assert [row.number for row in lists.all_incidents(quiet.database)] == [OPEN]
        assert not quiet.ledger.head(2)
        eyes.belong_to("ana")
        assert quiet.ledger.head(2)


def test_a_runner_says_what_became_of_a_private_ones_command(quiet: House) -> None:
    with eyes.of():
        eyes.belong_to_the_house()
        assert quiet.ledger.head(2)


def test_an_alert_of_the_same_service_does_not_vanish_into_it(quiet: House) -> None:
    made = quiet.declare.by_person("Somebody reads the till", by="ana", private=True, service="till")
    assert not neighbours.by_service(quiet.database, ["till"])
    quiet.ledger.act(made.number, partial(incident.acknowledge, by="ana"))
    quiet.ledger.act(made.number, partial(private.open_up, by="ana", why="it was the cashier"))
    assert [one.number for one in neighbours.by_service(quiet.database, ["till"])] == [made.number]


def test_the_page_lets_people_in_and_takes_them_off(told: Told) -> None:
    number = told.declare("Plain trouble")
    path = f"/incidents/{number}"
    with told.browser("ana") as ana, told.browser("ben") as ben:
        assert ben.get(path).status_code == 200
        ana.post(f"{path}/privacy", data={"why": "an insider"})
        assert ben.get(path).status_code == 404
        assert "Private:" in ana.get(path).text
        assert ben.post(f"{path}/readers", data={"who": "ben"}).status_code == 404
        assert ana.post(f"{path}/readers", data={"who": "ben"}).status_code == 303
        assert "2 people know of this" in ben.get(path).text
        ana.post(f"{path}/readers/ben/removal", data={"why": "it is about him"})
        assert ben.get(path).status_code == 404
        told.act(number, partial(roles.take, role="commander", by="ana"))
        assert "Make it open to everybody" in ana.get(path).text
        ana.post(f"{path}/privacy/ending", data={"why": "it was nobody"})
        assert ben.get(path).status_code == 200


@pytest.mark.req(8)
@pytest.mark.parametrize("sent", [{"title": "Quiet trouble", "private": "1"}, {"title": "Active security breach"}])
def test_declaring_it_so_on_the_page_hides_it_at_once(told: Told, sent: dict[str, str]) -> None:
    with told.browser("ana") as ana, told.browser("ben") as ben:
        there = ana.post("/incidents", data=sent).headers["location"]
        assert ben.get(there).status_code == 404
        assert ana.get(there).status_code == 200
    assert told.house.ledger.read(int(there.rpartition("/")[2])).private


def test_a_live_stream_of_it_is_one_of_nothing(told: Told) -> None:
    number = told.house.declare.by_person("Quiet trouble", by="ana", private=True).number
    first: list[str] = []
    for which in (number, number + 1000):
        with told.browser("ben") as ben, ben.stream("GET", f"/incidents/{which}/events?after=0") as stream:
            assert stream.status_code == 200
            first.append(re.sub(r"\d+", "", next(stream.iter_text())))
    assert first[0] == first[1]


def test_an_admin_is_let_in_by_their_own_word(quiet: House) -> None:
    number = quiet.declare.by_person("Hush", by="ana", private=True).number
    admin = Person("alice", "Alice", "admin")
    quiet.private.let_in(number, who="alice", by=admin, why="ana is on a plane")
    with eyes.of("alice"):
        assert quiet.ledger.read(number).private
    assert msgspec.to_builtins(quiet.ledger.log(number)[-1])["uninvited"] is True
