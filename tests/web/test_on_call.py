"""The page says who is on call and whom to call, and a calendar program reads the same plan with its own key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from icalendar import Calendar
from litestar import Litestar
from litestar.testing import TestClient

from fireline import clock
from fireline.access import COOKIE
from fireline.app import asgi
from fireline.house import House, build
from fireline.settings import OnCallSettings, PersonSettings, RotationSettings, Runbooks, Settings, Store

RUNBOOKS = Path(__file__).resolve().parents[2] / "examples" / "runbooks"
Browser = TestClient[Litestar]
OURS = {"Origin": "http://testserver.local", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Ana and Ben take turns of a day, Cleo is the backup; nothing runs."""
    rotations = (
        RotationSettings(
            name="primary", people=("ana", "ben"), starts=date(2026, 1, 5), every="day", zone="Europe/Budapest"
        ),
        RotationSettings(name="backup", people=("cleo",), starts=date(2026, 1, 5)),
        RotationSettings(name="someday", people=("cleo",), starts=date(2099, 1, 5)),
    )
    one = build(
        Settings(
            store=Store(url=f"sqlite:///{tmp_path}/fireline.db", spool=str(tmp_path / "spool")),
            runbooks=Runbooks(paths=(str(RUNBOOKS),)),
            on_call=OnCallSettings(rotations=rotations),
            people={"cleo": PersonSettings(phone="+36 1 555 0103")},
        )
    )
    one.database.migrate()
    one.durable.prepare()
    one.library.load()
    for handle, role in (("ana", "admin"), ("ben", "responder"), ("cleo", "responder"), ("vera", "viewer")):
        one.accounts.add(handle, handle.capitalize(), role)
    yield one
    one.database.close()


def browser(house: House, handle: str) -> Browser:
    at = clock.now()
    client: Browser = TestClient(asgi(house))  # without its lifespan: nothing runs
    client.headers.update(OURS)
    client.cookies.set(COOKIE, house.accounts.sign_in(house.accounts.link(handle, at), at))
    return client


def test_the_page_says_who_is_on_call_who_comes_next_and_whom_to_phone(house: House) -> None:
    page = browser(house, "vera").get("/on-call").text
    (now, *_) = house.on_call.standings()
    assert now.next
    assert f"<strong>{str(now.now.who).capitalize()}</strong>" in page
    assert f"then {str(now.next.who).capitalize()}" in page
    assert '<a href="tel:+3615550103">+36 1 555 0103</a>' in page
    assert "Nobody has the turn" in page
    assert "Make the override" not in page, "Vera may only look"


def test_an_override_is_made_and_taken_back_with_a_form(house: House) -> None:
    ana = browser(house, "ana")
    ends_at = f"{clock.now() + timedelta(hours=3):%Y-%m-%dT%H:%M}"
    wish = {"rotation": "backup", "who": "ben", "starts_at": "", "ends_at": ends_at, "why": "Cleo is ill"}
    assert ana.post("/on-call/overrides", data=wish, follow_redirects=False).status_code == 303
    assert "override by Ana: Cleo is ill" in ana.get("/on-call").text
    assert ana.post("/on-call/overrides/1/ending", follow_redirects=False).status_code == 303
    assert "Cleo is ill" not in ana.get("/on-call").text
    assert ana.post("/on-call/overrides", data=wish | {"ends_at": ""}).status_code == 400
    assert ana.post("/on-call/overrides", data=wish | {"ends_at": "soon"}).status_code == 400


def calendar_of(house: House, name: str) -> tuple[str, Browser]:
    """The address of a calendar, as the page shows it, and a program that has no session."""
    page = browser(house, "ben").post("/on-call/calendar").text
    found = re.search(r"https?://[^\s<]+/on-call/ben\.ics\?token=[\w-]+", re.sub(r"</?span>", "", page))
    assert found, page
    address = urlsplit(found[0].replace("ben.ics", f"{name}.ics"))
    client: Browser = TestClient(asgi(house))
    return f"{address.path}?{address.query}", client


def test_a_rotations_calendar_is_its_plan(house: House) -> None:
    address, program = calendar_of(house, "primary")
    answer = program.get(address)
    assert answer.headers["content-type"].startswith("text/calendar")
    found = Calendar.from_ical(answer.content)
    assert not found.errors
    events = found.events
    plan = house.on_call.plan("primary", clock.now() - timedelta(days=29), clock.now() + timedelta(days=89))
    shown = {(str(one["SUMMARY"]), one.start, one.end) for one in events}
    assert {(f"{one.who} is on call (primary)", one.starts_at, one.ends_at) for one in plan[1:-1]} <= shown
    assert len({str(one["UID"]) for one in events}) == len(events)
    assert answer.text.count("\r\nDTSTART:") == len(events)
    assert not re.search(r"^DTSTART:\d{8}T\d{6}(?!Z)", answer.text, re.MULTILINE), "every time is UTC"


def test_a_persons_calendar_has_their_shifts_only_and_says_why_they_have_an_override(house: House) -> None:
    at = clock.now()
    house.on_call.override(
        rotation="backup", who="ben", starts_at=at + timedelta(hours=1), ends_at=at + timedelta(hours=3), by="ana",
        why="swap; Cleo, 2 h\nthanks",
    )  # fmt: skip
    address, program = calendar_of(house, "ben")
    events = Calendar.from_ical(program.get(address).content).events
    assert {str(one["SUMMARY"]).split(" (")[0] for one in events} == {"ben is on call"}
    (swap,) = [one for one in events if "backup" in str(one["SUMMARY"])]
    assert str(swap["DESCRIPTION"]) == "Override by ana: swap; Cleo, 2 h\nthanks"
    assert swap.end - swap.start == timedelta(hours=2)


def test_a_calendars_key_opens_nothing_else_and_a_new_one_ends_it(house: House) -> None:
    address, program = calendar_of(house, "primary")
    token = address.partition("token=")[2]
    assert program.get("/api/v1/on-call", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    program.cookies.set(COOKIE, token)
    assert "Sign in" in program.get("/on-call").text
    assert program.get("/on-call/third.ics?token=" + token).status_code == 404
    assert program.get("/on-call/primary.ics").status_code == 403
    calendar_of(house, "primary")
    assert program.get(address).status_code == 403


def test_the_address_of_a_shift_stays_when_the_person_changes(house: House) -> None:
    at = datetime.now(UTC)
    before = house.on_call.plan("primary", at, at + timedelta(days=5))
    address, program = calendar_of(house, "primary")
    first = {str(one["UID"]) for one in Calendar.from_ical(program.get(address).content).events}
    shift = before[2]
    house.on_call.override(
        rotation="primary", who="cleo", starts_at=shift.starts_at, ends_at=shift.ends_at, by="ana", why="swap"
    )
    second = {str(one["UID"]) for one in Calendar.from_ical(program.get(address).content).events}
    assert first == second
