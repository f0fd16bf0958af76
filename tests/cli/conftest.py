"""Typists: ana in a fresh folder, and ana beside a fireline that is being served."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.typist import Typist
from fireline.clock import now
from fireline.store.accounts import Accounts
from fireline.store.database import Database

RUNBOOKS = Path(__file__).resolve().parents[2] / "examples" / "runbooks"


@pytest.fixture
def ana(tmp_path: Path) -> Typist:
    """In a folder with the example's runbooks and nothing else."""
    return settled(tmp_path)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typist]:
    """Ana, with a token for the fireline that is served beside her; ben, cleo and vera are known there, too.

    One for all: each story is told in an incident of its own.
    """
    typist = settled(tmp_path_factory.mktemp("served"))
    introduce(typist, ana="admin", ben="responder", cleo="responder", vera="viewer")
    with typist.serving() as said:
        url = said[-1].rpartition(" ")[2]
        typist.environment |= {"FIRELINE_URL": url, "FIRELINE_TOKEN": token(typist, "ana")}
        yield typist


def settled(folder: Path) -> Typist:
    shutil.copytree(RUNBOOKS, folder / "runbooks")
    return Typist(folder)


def introduce(typist: Typist, **roles: str) -> None:
    """Make people known, as `fireline people add` does, only faster."""
    database = Database(f"sqlite:///{typist.folder}/fireline.db")
    database.migrate()
    for handle, role in roles.items():
        Accounts(database).add(handle, handle.capitalize(), role)
    database.close()


def token(typist: Typist, handle: str) -> str:
    """A token to use the API with, as `fireline token add` makes one."""
    database = Database(f"sqlite:///{typist.folder}/fireline.db")
    made = Accounts(database).token(handle, "api", now())
    database.close()
    return made
