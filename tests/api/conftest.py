"""A house on SQLite with the example's runbook, two people who may act, and one who only looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.caller import Caller
from doors import in_front_of
from fireline.clock import now
from fireline.house import House, build
from fireline.settings import Runbooks, Settings, Store

RUNBOOKS = Path(__file__).resolve().parents[2] / "examples" / "runbooks"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Ready, with nothing running behind it: only what a caller does happens."""
    one = build(
        Settings(
            store=Store(url=f"sqlite:///{tmp_path}/fireline.db", spool=str(tmp_path / "spool")),
            runbooks=Runbooks(paths=(str(RUNBOOKS),)),
            values={"redis_host": "127.0.0.1:6379"},
        )
    )
    one.database.migrate()
    one.durable.prepare()
    one.library.load()
    for handle, role in (("ana", "admin"), ("ben", "responder"), ("cleo", "responder"), ("vera", "viewer")):
        one.accounts.add(handle, handle.capitalize(), role)
    yield one
    one.database.close()


@pytest.fixture
def caller(house: House) -> Iterator[Callable[[str | None], Caller]]:
    """Makes a caller who asks as the person with this handle, or as nobody."""
    with in_front_of(house) as application:

        def made(handle: str | None) -> Caller:
            return Caller(application, house.accounts.token(handle, "api", now()) if handle else None)

        yield made


@pytest.fixture
def ana(caller: Callable[[str | None], Caller]) -> Caller:
    """On call tonight."""
    return caller("ana")


@pytest.fixture
def ben(caller: Callable[[str | None], Caller]) -> Caller:
    """Her second pair of eyes."""
    return caller("ben")


@pytest.fixture
def vera(caller: Callable[[str | None], Caller]) -> Caller:
    """From customer care: she may look."""
    return caller("vera")


@pytest.fixture
def nobody(caller: Callable[[str | None], Caller]) -> Caller:
    """Has no token."""
    return caller(None)
