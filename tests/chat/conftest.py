"""A real house with Slack's stand-in beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from chat.workspace import PEOPLE, Workspace, settings, settle_in
from contracts.slack import SlackStandIn
from fireline.app import asgi
from kiosk import Open


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack waits three seconds and no longer; a test's machine may be slower, and its deeds are no slow ones."""
    monkeypatch.setattr("fireline.chat.clerk.PATIENCE", 60.0)


@pytest.fixture
def slack(shared_if_there: Path | None) -> Iterator[SlackStandIn]:
    """The workspace's own side."""
    with SlackStandIn(shared_if_there, people=dict(PEOPLE)) as one:
        yield one


@pytest.fixture
def workspace(build_house: Open, slack: SlackStandIn) -> Iterator[Workspace]:
    """A house that Slack reaches over HTTP."""
    house = build_house(**settings(slack))
    settle_in(house)
    with TestClient(asgi(house)) as client:
        yield Workspace(house, slack, client)
        house.durable.close(grace=0)
