"""The public page is right, whole without scripts or sign-in, and stays when the database is away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import feedparser
import httpx2
import pytest
from litestar.testing import TestClient
from openapi_schema_validator import OAS30Validator

from conftest import SHARED
from contracts.document import patched
from doors import in_front_of
from fireline import clock
from fireline.app import asgi
from fireline.core import public
from fireline.core.board import Board, Component, Maintenance, Notice, code
from fireline.core.events import Status
from fireline.house import House, build
from fireline.settings import Runbooks, Settings, SmtpSettings, StatusComponentSettings, StatusSettings, Store
from fireline.web.status.rendered import Look, file_of, paths, render

NOW = clock.now().replace(hour=12, minute=0, second=0, microsecond=0)
EVIL = '<script>alert("x")</script> & ]]> **bold** \x07'


def settings(folder: Path, **more: Any) -> Settings:
    parts = (
        StatusComponentSettings(name="Checkout", group="Shop", services=("checkout",)),
        StatusComponentSettings(name="Search", group="Shop"),
        StatusComponentSettings(name="Website"),
    )
    status = StatusSettings(title="Lantern status", copy=str(folder / "copy" / "status.json"), components=parts)
    return Settings(
        store=Store(url=f"sqlite:///{folder}/fireline.db", spool=str(folder / "spool")),
        runbooks=Runbooks(paths=(str(folder),)), status=status, **more,
    )  # fmt: skip


@contextmanager
def made(house: House) -> Iterator[House]:
    house.database.migrate()
    house.durable.prepare()
    for handle in ("ana", "ben"):
        house.accounts.add(handle, handle.capitalize(), "responder")
    yield house
    house.database.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house with a status page; nothing runs behind it."""
    with made(build(settings(tmp_path))) as one:
        yield one


@pytest.fixture
def visitor(house: House) -> Iterator[TestClient[Any]]:
    """Somebody outside: no session, no scripts."""
    with in_front_of(house) as application:
        yield TestClient(application)


def notice(incident: str, update: int, status: Status, minutes: int = 0, **more: Any) -> Notice:
    given = {"title": "Slow checkout", "text": f"We say {status}.", "impact": "major", "components": {}} | more
    return Notice(incident=incident, update=update, at=NOW + timedelta(minutes=minutes), status=status, **given)


def tell(house: House, *notices: Notice) -> None:
    for one in notices:
        house.status_page.notices.publish(one)
    house.status_page.boards.look()


def get(visitor: TestClient[Any], path: str, **headers: str) -> httpx2.Response:
    return visitor.get(f"/status{path}", headers=headers)  # type: ignore[return-value]


def test_a_quiet_page_says_that_all_is_well(house: House, visitor: TestClient[Any]) -> None:
    tell(house)
    page = get(visitor, "")
    assert page.status_code == 200
    assert "All systems operational" in page.text
    assert page.text.count("Operational</span>") == 3
    assert "<script" not in page.text
    assert "set-cookie" not in page.headers


@pytest.mark.req(36)
def test_what_was_published_is_on_the_page_in_json_and_in_both_feeds(house: House, visitor: TestClient[Any]) -> None:
    tell(
        house,
        notice("aaa", 1, "Investigating", components={"Checkout": "partial_outage"}),
        notice("aaa", 2, "Identified", 5, text="A disk is full.", components={"Checkout": "degraded_performance"}),
    )
    page = get(visitor, "").text
    assert page.index("A disk is full.") < page.index("We say Investigating.")
    assert "(<time" in page
    assert "12:05 UTC" in page
    assert 'class="state degraded_performance">Degraded' in page
    summary = get(visitor, "/api/v2/summary.json").json()
    assert summary["status"] == {"indicator": "major", "description": "Partial outage"}
    assert {one["name"]: one["status"] for one in summary["components"]} == {
        "Shop": "degraded_performance", "Checkout": "degraded_performance", "Search": "operational",
        "Website": "operational",
    }  # fmt: skip
    [incident] = summary["incidents"]
    assert incident["status"] == "identified"
    assert [one["body"] for one in incident["incident_updates"]] == ["A disk is full.", "We say Investigating."]
    assert incident["incident_updates"][0]["affected_components"] == [
        {"code": Component(name="Checkout").id, "name": "Checkout", "old_status": "partial_outage",
         "new_status": "degraded_performance"}
    ]  # fmt: skip
    for kind in ("atom", "rss"):
        feed = feedparser.parse(get(visitor, f"/history.{kind}").content)
        assert not feed.bozo
        [entry] = feed.entries
        assert entry.title == "Slow checkout"
        assert "A disk is full." in entry.summary
        assert entry.link.endswith("/status/incidents/aaa")


@pytest.mark.req(36)
def test_an_entry_keeps_its_id_while_the_incident_goes_on(house: House, visitor: TestClient[Any]) -> None:
    tell(house, notice("aaa", 1, "Investigating"))
    before = [feedparser.parse(get(visitor, f"/history.{kind}").content).entries[0] for kind in ("atom", "rss")]
    tell(house, notice("aaa", 2, "Resolved", 9))
    after = [feedparser.parse(get(visitor, f"/history.{kind}").content).entries[0] for kind in ("atom", "rss")]
    assert [one.id for one in before] == [one.id for one in after]
    assert before[0].updated < after[0].updated


@pytest.mark.req(36)
def test_the_json_has_the_shape_that_statuspage_gives_incidents(house: House, visitor: TestClient[Any]) -> None:
    if not SHARED.is_dir():
        pytest.skip("skipped: no ../shared")
    contracts = SHARED / "contracts"
    errata = json.loads((contracts / "errata.json").read_text())["statuspage/openapi3.json"]
    whole = patched(json.loads((contracts / "statuspage" / "openapi3.json").read_text()), errata)
    tell(house, notice("aaa", 1, "Investigating", components={"Checkout": "major_outage"}))
    tell(house, notice("aaa", 2, "Resolved", 4))

    def null_is_nothing(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: null_is_nothing(one) for name, one in value.items() if one is not None}
        return [null_is_nothing(one) for one in value] if isinstance(value, list) else value

    judge = OAS30Validator({"$ref": "#/components/schemas/Incident", "components": whole["components"]})
    for one in get(visitor, "/api/v2/incidents.json").json()["incidents"]:
        assert [fault.message for fault in judge.iter_errors(null_is_nothing(one))] == []
    parts = OAS30Validator({"$ref": "#/components/schemas/Component", "components": whole["components"]})
    for one in get(visitor, "/api/v2/components.json").json()["components"]:
        assert [fault.message for fault in parts.iter_errors(null_is_nothing(one))] == []


def test_every_document_has_the_pages_name_and_strangers_get_404(house: House, visitor: TestClient[Any]) -> None:
    tell(house)
    for name in ("summary", "status", "components", "incidents", "incidents/unresolved", "scheduled-maintenances"):
        found = get(visitor, f"/api/v2/{name}.json")
        assert found.json()["page"]["name"] == "Lantern status"
        assert found.headers["access-control-allow-origin"] == "*"
    for path in ("/api/v2/users.json", "/incidents/none", "/history/2", "/history/x", "/nothing"):
        assert get(visitor, path).status_code == 404


def test_resolved_moves_to_the_past_and_the_components_are_well(house: House, visitor: TestClient[Any]) -> None:
    tell(house, notice("aaa", 1, "Investigating", components={"Checkout": "major_outage"}))
    assert "Major outage" in get(visitor, "").text
    assert "is not over, see above" in get(visitor, "").text
    tell(house, notice("aaa", 2, "Resolved", 30))
    page = get(visitor, "").text
    assert "All systems operational" in page
    assert page.index("Past incidents") < page.index("Slow checkout")
    assert get(visitor, "/api/v2/incidents/unresolved.json").json()["incidents"] == []
    assert get(visitor, "/api/v2/incidents.json").json()["incidents"][0]["resolved_at"]


@pytest.mark.req(93)
def test_whatever_is_written_is_shown_as_it_is_and_never_obeyed(house: House, visitor: TestClient[Any]) -> None:
    tell(house, notice("aaa", 1, "Investigating", title=EVIL, text=EVIL + "\nsecond line"))
    for path in ("", "/history", "/incidents/aaa"):
        page = get(visitor, path).text
        assert "<script" not in page
        assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt; &amp; ]]&gt; **bold**" in page
    for kind in ("atom", "rss"):
        feed = feedparser.parse(get(visitor, f"/history.{kind}").content, sanitize_html=False)
        assert not feed.bozo
        assert "<script" not in feed.entries[0].summary
    assert get(visitor, "/api/v2/incidents.json").json()["incidents"][0]["name"] == EVIL


def test_planned_maintenance_is_told_under_way_and_over(house: House) -> None:
    work = Maintenance(
        number=1, title="Bigger disks", text="Search is slow.", starts_at=NOW, ends_at=NOW + timedelta(hours=2),
        told_at=NOW - timedelta(days=1), components=("Search",),
    )  # fmt: skip
    house.status_page.notices.plan(work, by="ana", key="k")
    assert house.status_page.notices.plan(work, by="ana", key="k").number == 1
    board = house.status_page.boards.look()
    states = {}
    for name, at in {"before": NOW - timedelta(hours=1), "during": NOW, "after": NOW + timedelta(hours=2)}.items():
        found = render("api/v2/summary.json", board, Look(at=at))
        assert found
        said = json.loads(found.body)
        states[name] = (said["status"]["indicator"], [one["status"] for one in said["scheduled_maintenances"]])
    assert states == {
        "before": ("none", ["scheduled"]), "during": ("maintenance", ["in_progress"]), "after": ("none", []),
    }  # fmt: skip
    house.status_page.notices.call_off(1, by="ana")
    assert house.status_page.boards.look().maintenances == ()


def test_what_has_not_changed_is_not_sent_again(house: House, visitor: TestClient[Any]) -> None:
    tell(house, notice("aaa", 1, "Investigating"))
    for path in ("", "/api/v2/summary.json", "/history.atom"):
        first = get(visitor, path)
        assert "max-age=15" in first.headers["cache-control"]
        assert "stale-if-error" in first.headers["cache-control"]
        again = get(visitor, path, **{"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert visitor.head(f"/status{path}").headers["etag"] == first.headers["etag"]
    tell(house, notice("aaa", 2, "Identified", 1))
    assert get(visitor, "", **{"If-None-Match": first.headers["etag"]}).status_code == 200


def test_without_the_database_the_page_stays_and_says_of_when_it_is(
    house: House, visitor: TestClient[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(house, notice("aaa", 1, "Investigating"))
    house.database.close()
    (tmp_path / "fireline.db").rename(tmp_path / "gone.db")
    (tmp_path / "fireline.db").mkdir()
    assert "Slow checkout" in get(visitor, "").text
    later = build(settings(tmp_path), now=lambda: clock.now() + timedelta(minutes=9))  # started anew, database away
    page = get(TestClient(asgi(later)), "")
    assert "Slow checkout" in page.text
    assert "As of" in page.text
    assert get(TestClient(asgi(later)), "/api/v2/summary.json").json()["incidents"]


def test_without_a_page_in_the_settings_there_is_none(tmp_path: Path) -> None:
    bare = Settings(store=Store(url=f"sqlite:///{tmp_path}/f.db", spool=str(tmp_path / "s")))
    with made(build(bare)) as house:
        found = TestClient(asgi(house))
        for path in ("", "/history", "/api/v2/summary.json", "/confirm/x", "/leave/x"):
            assert get(found, path).status_code in {404, 503}


@pytest.mark.req(36)
def test_a_long_history_renders_page_by_page(house: House, visitor: TestClient[Any]) -> None:
    many = [
        one
        for n in range(772)
        for one in (
            notice(code(f"{n}"), 1, "Investigating", -180 * n),
            notice(code(f"{n}"), 2, "Resolved", 30 - 180 * n),
        )
    ]
    assert house.status_page.notices.bring_in(many) == len(many)
    assert house.status_page.notices.bring_in(many) == 0
    board = house.status_page.boards.look()
    assert len(board.incidents) == 772
    assert "Page 1 of 16" in get(visitor, "/history").text
    assert "Page 16 of 16" in get(visitor, "/history/16").text
    assert get(visitor, "/history/17").status_code == 404
    assert len(get(visitor, "/api/v2/incidents.json").json()["incidents"]) == 50


def test_as_files_every_link_leads_to_a_file(house: House, tmp_path: Path) -> None:
    tell(house, notice("aaa", 1, "Investigating"), *(notice(f"b{n}", 1, "Resolved", -n) for n in range(60)))
    board = house.status_page.boards.look()
    files = {file_of(path) for path in paths(board)} | {"status.css", "icon.svg"}
    for path in paths(board):
        found = render(path, board, Look(at=NOW, root=None))
        assert found
        if found.kind.startswith("text/html"):
            here = Path(file_of(path)).parent
            text = found.body.decode()
            links = {one.partition('"')[0] for one in text.split('href="')[1:]} - {"#main"}
            inside = {str((tmp_path / here / one).resolve().relative_to(tmp_path.resolve())) for one in links}
            assert inside <= files, path
            assert "<form" not in text


@pytest.mark.req(93)
def test_nothing_of_an_incident_shows_before_a_yes_and_then_only_the_words(
    house: House, visitor: TestClient[Any]
) -> None:
    number = house.declare.by_person("db01 of Ana is down", by="ana", severity="P1").number
    house.publish.draft(
        number, status="Investigating", title="Slow checkout", text="We are investigating.", impact="major",
        components={"Checkout": "partial_outage"}, by="ana",
    )  # fmt: skip
    house.status_page.boards.look()
    assert "Slow checkout" not in get(visitor, "").text
    log = house.ledger.log(number)
    house.publish.approve(number, 1, shown=public.find(log, 1).digest, meant=False, by="ben")
    log = house.ledger.log(number)
    messenger = house.status_page.messengers["own_page"]
    sent = messenger.send("publish", house.ledger.read(number), log, {"update": 1, "seq": len(log)})
    again = messenger.send("publish", house.ledger.read(number), log, {"update": 1, "seq": len(log)})
    assert sent == again
    everything = "".join(get(visitor, path).text for path in ("", "/history", "/api/v2/summary.json", "/history.atom"))
    assert "We are investigating." in everything
    for word in ("db01", "Ana", "ana", "ben", "INC-", "P1"):
        assert word not in everything.replace("Managed", ""), word
    assert sent.link.endswith(f"/status/incidents/{sent.ref}")


def test_a_board_reads_back_from_its_file_as_it_was(house: House) -> None:
    tell(house, notice("aaa", 1, "Investigating", components={"Checkout": "major_outage"}))
    kept = Path(house.settings.status.copy).read_bytes()  # type: ignore[union-attr]
    import msgspec  # noqa: PLC0415

    board = msgspec.json.decode(kept, type=Board)
    assert board.incidents == house.status_page.boards.current()[0].incidents


@pytest.fixture
def mailing(tmp_path: Path) -> Iterator[House]:
    """A house that could send mail; what it would send stays in its queue."""
    smtp = SmtpSettings(host="127.0.0.1", port=1, sender="status@example.com", security="none")
    with made(build(settings(tmp_path, smtp=smtp))) as one:
        one.status_page.boards.look()
        yield one


def test_subscribing_says_the_same_to_everybody(mailing: House) -> None:
    visitor = TestClient(asgi(mailing))
    mails = ("cleo@example.com", "CLEO@example.com ")
    said = [visitor.post("/status/subscribers", data={"mail": mail}) for mail in mails]
    assert [one.status_code for one in said] == [200, 200]
    assert said[0].text == said[1].text
    wrong = visitor.post("/status/subscribers", data={"mail": "nobody"})
    assert (wrong.status_code, wrong.text) == (400, "That is no e-mail address.\n")


def test_a_link_is_followed_by_a_press_and_not_by_looking(mailing: House) -> None:
    visitor, people = TestClient(asgi(mailing)), mailing.status_page.subscribers
    asked = people.ask("cleo@example.com", clock.now())
    assert asked
    page = visitor.get(f"/status/confirm/{asked[1]}")
    assert "Yes, send me mail" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert people.count() == 0
    assert "cleo@example.com gets every update" in visitor.post(f"/status/confirm/{asked[1]}").text
    assert people.count() == 1
    assert visitor.post("/status/confirm/other").status_code == 404
