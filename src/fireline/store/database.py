"""The database: SQLite in one file by default, PostgreSQL when one machine is not enough.

Both are used through the same synchronous SQLAlchemy Core code. SQLite runs with WAL and synchronous=FULL:
what was answered is on the disk. A second process on the same file is refused by a lock beside it, because
two would steal each other's durable work.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from fireline.core.refusal import AWAY, Refused

NO_TABLE = re.compile(r'no such table|relation ".*" does not exist')  # SQLite's words, PostgreSQL's
MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = max(
    path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")
)  # files are named by revision
log = structlog.get_logger(__name__)

AFTER = "after commit"  # where a connection keeps what to call then
RESTS = "rests since"  # where a pooled connection keeps it, in seconds of the monotonic clock
RESTED = 5.0  # seconds after which a cut network may have eaten it unseen
STALLED = 15  # seconds that PostgreSQL waits for the next word in an open transaction
POOL = 20  # connections: workflows and doors together never hold more threads than this in the database

# Names for constraints, so that migrations can speak of them on both databases.
metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Database:
    """One open database. `close` gives the file lock and every connection back."""

    def __init__(self, url: str) -> None:
        """Take `sqlite:///path` or `postgresql://…`. Makes the file's folder and nothing else yet."""
        self.url = _checked(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._lock: int | None = None
        if self.is_sqlite:
            folder = Path(self.url.database or "").parent
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as trouble:
                raise Refused(f"The folder {folder} cannot be made: {trouble.strerror}.", status=503) from trouble
            self.engine = sa.create_engine(self.url, pool_size=POOL, max_overflow=0, pool_timeout=30)
            sa.event.listen(self.engine, "connect", _sqlite_pragmas)
        else:
            url_ = self.url.set(drivername="postgresql+psycopg")
            self.engine = sa.create_engine(
                url_,
                pool_size=POOL,
                max_overflow=0,
                pool_timeout=30,
                # a cut network is noticed in about ten seconds, not when the kernel gives up after a quarter of an hour
                connect_args={
                    "connect_timeout": 5,
                    "keepalives_idle": 5,
                    "keepalives_interval": 2,
                    "keepalives_count": 3,
                    "tcp_user_timeout": 10_000,
                },
            )
            sa.event.listen(self.engine, "connect", _postgres_session)
            sa.event.listen(self.engine, "checkin", _rests)
            sa.event.listen(self.engine, "checkout", self._still_there)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that may write; on SQLite it takes the write lock at once, so reads in it stay true.

        Raises `Refused(503)` in words when the database cannot be reached or its disk is full.
        """
        calls: list[Callable[[], None]] = []
        with self._words(), self.engine.begin() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            connection.info[AFTER] = calls
            try:
                yield connection
            finally:
                connection.info.pop(AFTER, None)
        for call in calls:
            try:
                call()
            except Exception:  # it is committed: whoever is not told now finds it at the next look
                log.exception("after commit")

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection for reads only."""
        with self._words(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def asking(self) -> Iterator[sa.Connection]:
        """The same for queries that each stand alone: without a transaction around them, which is two round trips."""
        with self.reading() as connection:
            yield connection if self.is_sqlite else connection.execution_options(isolation_level="AUTOCOMMIT")

    def driver(self) -> Any:
        """A connection of the driver's own, past SQLAlchemy and outside the pool, for whoever takes it to close."""
        with self._words():
            connection = self.engine.raw_connection()
        driver = connection.driver_connection
        connection.detach()
        return driver

    def away(self, trouble: Exception) -> Refused:
        """What to say of trouble with such a connection."""
        return Refused(_say(self, trouble), status=AWAY)

    def claim(self) -> None:
        """On SQLite: make sure that no other fireline serves this file. Raises `Refused`."""
        if not self.is_sqlite:
            return
        path = f"{self.url.database}.lock"
        try:
            self._lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as trouble:
            raise Refused(f"The lock file {path} cannot be written: {trouble.strerror}.", status=503) from trouble
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            self._lock = None
            raise Refused(
                f"Another fireline serves {self.url.database} already. Stop it, or use PostgreSQL for several.",
                status=503,
            ) from None

    def served(self) -> bool:
        """On SQLite: a fireline, perhaps this one, serves the file now."""
        try:
            lock = os.open(f"{self.url.database}.lock", os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def migrate(self) -> None:
        """Bring the schema to this release's. Safe at every start, and by several replicas on PostgreSQL at once."""
        with self._words(), self.engine.begin() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7215001)")  # one migrator at a time
            if _revision(connection) != HEAD:
                self._upgrade(connection)

    def revision(self) -> tuple[str | None, str]:
        """The schema's revision and the one this release wants."""
        with self.reading() as connection:
            return _revision(connection), HEAD

    def _upgrade(self, connection: sa.Connection) -> None:
        # imported here: it takes a tenth of the time of a declaration, and most starts have nothing to migrate
        from alembic import command  # noqa: PLC0415
        from alembic.config import Config  # noqa: PLC0415
        from alembic.util import CommandError  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as trouble:  # a revision that this release has never heard of
            raise Refused(
                f"A newer fireline has used this database: {trouble}. Start that one.", status=503
            ) from trouble

    def insert(self, table: sa.Table) -> Any:
        """An INSERT of this database's dialect, which has `on_conflict_do_update` and `…_do_nothing`."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def close(self) -> None:
        """Give everything back."""
        self.engine.dispose()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _still_there(self, connection: Any, record: Any, _proxy: Any) -> None:
        """Ask the server before a connection is used that may have died while it rested; then all older ones go, too.

        A server that ended it has said so, and that waits in the socket: looking there is no round trip.
        """
        since = record.info.pop(RESTS, None)
        if since is None or (time.monotonic() - since < RESTED and not select.select([connection], [], [], 0)[0]):
            return
        try:
            self.engine.dialect.do_ping(connection)
        except self.engine.dialect.loaded_dbapi.Error as trouble:
            raise sa.exc.InvalidatePoolError from trouble

    @contextmanager
    def _words(self) -> Iterator[None]:
        """Turn trouble with the database itself into a refusal that says what to do."""
        try:
            yield
        except (OperationalError, sa.exc.TimeoutError) as trouble:
            raise Refused(_say(self, trouble), status=503) from trouble
        except sa.exc.DataError as trouble:
            raise Refused(f"The database cannot hold this: {_cause(trouble)}.", status=400) from trouble
        except DBAPIError as trouble:
            # DatabaseError itself, not one of its kinds: SQLite found a file that is damaged or no database
            if trouble.connection_invalidated or type(trouble) is DatabaseError or NO_TABLE.search(_cause(trouble)):
                raise Refused(_say(self, trouble), status=503) from trouble
            raise


def after_commit(connection: sa.Connection, call: Callable[[], None]) -> None:
    """Call this when the transaction of `writing` has committed; never, when it did not.

    SQLAlchemy's own commit event comes before the commit, when what is told of cannot be read yet.
    """
    connection.info.get(AFTER, []).append(call)


def _postgres_session(connection: Any, _record: Any) -> None:
    """A replica that froze in a transaction may not hold its locks for longer than this."""
    connection.execute(f"SET idle_in_transaction_session_timeout = '{STALLED}s'")
    connection.commit()


def _rests(connection: Any, record: Any) -> None:
    if connection is not None:
        record.info[RESTS] = time.monotonic()


PAGES = "page_size=8192"  # of a new file: alerts are stored with a sixth less work than in pages of half that size


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = "IMMEDIATE"  # a transaction that writes says so when it begins
    for pragma in (PAGES, "busy_timeout=30000", "foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


def _checked(url: str) -> sa.URL:
    try:
        found = sa.make_url(url)
    except sa.exc.ArgumentError:
        found = sa.URL.create("none")
    kind, name = found.get_backend_name(), found.database or ""
    if kind not in {"sqlite", "postgresql"} or (kind == "sqlite" and name in {"", ":memory:"}):
        raise Refused("[store] url is sqlite:///path/to/fireline.db or postgresql://user@host/name.", status=400)
    return found


def _cause(trouble: Exception) -> str:
    return (str(getattr(trouble, "orig", None) or trouble).strip() or type(trouble).__name__).splitlines()[0]


def _say(database: Database, trouble: Exception) -> str:
    where = database.url.render_as_string(hide_password=True)
    cause = _cause(trouble)
    if "full" in cause or "No space" in cause:
        return f"The disk under the database ({where}) is full. Nothing was stored; free some space and send it again."
    if NO_TABLE.search(cause):
        return (
            f"The database ({where}) has no fireline tables yet. Start `fireline serve` once, or run `fireline doctor`."
        )
    return f"The database ({where}) does not answer: {cause}. Nothing was stored; send it again when it is back."


def _revision(connection: sa.Connection) -> str | None:
    """The schema's, as Alembic wrote it down; None before the first migration."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return found
