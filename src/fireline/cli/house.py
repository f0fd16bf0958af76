"""The parts that stand behind the command line when it works on the database itself: settings, database, accounts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
from cyclopts import Parameter

from fireline.core.refusal import Refused
from fireline.settings import Settings, load
from fireline.store.accounts import Accounts
from fireline.store.database import Database

Config = Annotated[Path | None, Parameter(name=["--config", "-c"], help="The settings file. Default: fireline.toml.")]


@contextmanager
def accounts(config: Path | None = None) -> Iterator[Accounts]:
    """People and tokens of the configured database, brought to this release's schema first."""
    with database(config) as one:
        one.migrate()
        yield Accounts(one)


@contextmanager
def database(config: Path | None = None) -> Iterator[Database]:
    """The configured database, given back afterwards. Nothing is created or migrated."""
    one = open_database(load(config))
    try:
        yield one
    finally:
        one.close()


def open_database(settings: Settings) -> Database:
    """The database of these settings. Raises `Refused` when its folder cannot be made or its URL is none."""
    try:
        return Database(settings.store.url)
    except OSError as trouble:
        raise Refused(f"The folder of the database cannot be made: {trouble}.", status=503) from trouble
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError) as trouble:
        raise Refused("[store] url is neither sqlite:///PATH nor postgresql://…", status=400) from trouble


def spool(path: Path) -> None:
    """Make sure that commands can leave their outcome there. Raises `Refused`."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as trouble:
        sentence = f"The spool {path} cannot be written: {trouble.strerror}. Set [store] spool."
        raise Refused(sentence, status=503) from trouble
