"""A house of its own for each test: a real database, the real engine, real commands, a small runbook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fireline.house import House, build
from fireline.settings import Drill, Lanes, LaneSettings, PagerDutySettings, Runbooks, Settings, Store
from kiosk import RUNBOOK, Open


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """Where the kiosk's commands run."""
    folder = tmp_path / "street"
    folder.mkdir()
    (folder / "till").write_text("12.50 in the till\npassword=hunter2hunter2\n")
    return folder


@pytest.fixture
def build_house(tmp_path: Path, street: Path) -> Open:
    """Builds houses on one database; nothing runs before they are opened. `more` are further settings."""

    def build_(*, pagerduty: PagerDutySettings | None = None, runbook: str = RUNBOOK, **more: Any) -> House:
        (tmp_path / "kiosk.md").write_text(runbook)
        lane = LaneSettings(directory=str(street))
        settings = Settings(
            store=Store(url=f"sqlite:///{tmp_path / 'fireline.db'}", spool=str(tmp_path / "spool")),
            runbooks=Runbooks(paths=(str(tmp_path / "kiosk.md"),)),
            lanes=more.pop("lanes", Lanes(read=lane, write=lane)),
            drill=Drill(on=True, watch_speed=3600),  # 30 minutes of green in half a second
            values={"till": "till"},
            pagerduty=pagerduty,
            **more,
        )
        return build(settings)

    return build_


@pytest.fixture
def open_house(build_house: Open) -> Iterator[Open]:
    """Opens houses on one database, one at a time; they are closed in the end."""
    opened: list[House] = []

    def open_(*, pagerduty: PagerDutySettings | None = None, runbook: str = RUNBOOK, **more: Any) -> House:
        house = build_house(pagerduty=pagerduty, runbook=runbook, **more)
        house.open()
        opened.append(house)
        return house

    yield open_
    for house in opened:
        house.durable.close(grace=0)  # a walk that waits for a person would be waited for
        house.close()


@pytest.fixture
def house(open_house: Open) -> House:
    """One open house."""
    return open_house()
