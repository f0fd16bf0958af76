"""What was answered is on the disk; and when the database cannot, it says so in words."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from fireline.core.refusal import Refused
from fireline.store import accounts, alerts, clocks, deploys, evidence, heard, ledger
from fireline.store.database import HEAD, MIGRATIONS, Database, metadata
from fireline.store.ledger import Ledger
from store.conftest import NOON, declare, note

TABLES = (  # and so the metadata is whole
    accounts.keys, alerts.alerts, clocks.clocks, deploys.changes, evidence.outputs, heard.heard, ledger.events,
)  # fmt: skip


def nothing(_connection: object, _work: object) -> None:
    """No work is wanted here."""


def on_disk(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'fireline.db'}")


def test_the_migrated_schema_is_the_one_the_code_speaks_of(database: Database) -> None:
    assert all(table.metadata is metadata for table in TABLES)
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(database: Database) -> None:
    before = database.revision()
    assert before[0] == before[1] is not None
    database.migrate()
    assert database.revision() == before


def test_replicas_that_start_at_once_migrate_once(postgres_url: str) -> None:
    replicas = [Database(postgres_url) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(Database.migrate, replicas))
    assert len({replica.revision() for replica in replicas}) == 1
    for replica in replicas:
        replica.close()


def test_a_database_of_a_newer_release_is_left_alone(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Refused, match="newer fireline has used this database") as no:
        database.migrate()
    assert no.value.status == 503


def test_sqlite_keeps_what_it_answered_through_a_power_cut(tmp_path: Path) -> None:
    database = on_disk(tmp_path)
    with database.reading() as connection:
        set_ = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")}
        assert set_ == {"journal_mode": "wal", "synchronous": 2}  # 2 is FULL: https://sqlite.org/pragma.html
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    database.close()


def test_sqlite_takes_the_write_lock_when_a_write_begins(tmp_path: Path) -> None:
    database = on_disk(tmp_path)
    database.migrate()
    with database.writing(), database.engine.connect() as other:
        other.exec_driver_sql("PRAGMA busy_timeout=0")
        with pytest.raises(sa.exc.OperationalError, match="locked"):
            other.exec_driver_sql("BEGIN IMMEDIATE")
    database.close()


def test_a_full_disk_is_said_in_words_and_loses_nothing(tmp_path: Path) -> None:
    database = on_disk(tmp_path)
    database.migrate()
    book = Ledger(database, now=lambda: NOON, enqueue=nothing)
    book.open(declare())
    with database.engine.connect() as connection:  # the only one in the pool, so the limit stays on it
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    said: list[int] = []

    def talk() -> None:
        for n in range(50):
            book.act(1, note(f"{n} {'x' * 5000}"))
            said.append(n)

    with pytest.raises(Refused, match=r"is full\. Nothing was stored; free some space") as no:
        talk()
    assert no.value.status == 503
    assert book.head(1) == 1 + len(said)
    assert book.verify() is None
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    assert book.act(1, note("there is space again")).seq == 2 + len(said)
    database.close()


def test_a_dead_server_is_said_in_words_without_its_password() -> None:
    from fireline.drills.world import free_ports  # noqa: PLC0415  # loopback, nobody there

    database = Database(f"postgresql://ana:hunter2@127.0.0.1:{free_ports(1)[0]}/fireline")
    with pytest.raises(Refused, match=r"does not answer: .*Nothing was stored; send it again") as no:
        Ledger(database, now=lambda: NOON, enqueue=nothing).open(declare())
    assert no.value.status == 503
    assert "hunter2" not in no.value.sentence
    database.close()


def test_connections_that_were_cut_are_made_anew(postgres_url: str) -> None:
    database = Database(postgres_url)
    database.migrate()
    book = Ledger(database, now=lambda: NOON, enqueue=nothing)
    book.open(declare())
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
    with psycopg.connect(postgres_url) as killer:
        killer.execute(others + "current_database()")
    assert book.act(1, note("still here")).seq == 2
    database.close()


def test_a_database_that_is_not_there_is_not_mistaken_for_an_empty_one(postgres_url: str) -> None:
    database = Database(f"{postgres_url}_nowhere")
    with pytest.raises(Refused, match=r"does not answer: .*does not exist"):
        database.migrate()
    database.close()


def test_a_database_without_tables_says_how_to_get_them(url: str) -> None:
    database = Database(url)
    with pytest.raises(Refused, match=r"has no fireline tables yet\. Start `fireline serve` once") as no:
        Ledger(database, now=lambda: NOON, enqueue=nothing).heads()
    assert no.value.status == 503
    database.close()


def test_a_file_that_is_no_database_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "fireline.db").write_text("Dear diary, today the checkout was slow again. " * 50)
    database = on_disk(tmp_path)
    with pytest.raises(Refused, match="file is not a database"):
        database.migrate()
    database.close()


def test_what_a_database_cannot_hold_is_the_senders_fault(postgres_url: str) -> None:
    database = Database(postgres_url)
    database.migrate()
    with pytest.raises(Refused, match="cannot hold this") as no:
        Ledger(database, now=lambda: NOON, enqueue=nothing).open(declare("nul\x00"))
    assert no.value.status == 400
    database.close()


@pytest.mark.parametrize("url", ["", "fireline.db", "mysql://localhost/fireline", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_is_no_database_names_the_setting(url: str) -> None:
    with pytest.raises(Refused, match=r"\[store\] url is sqlite:///path"):
        Database(url)


def test_a_folder_that_cannot_be_made_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="cannot be made: Not a directory"):
        Database(f"sqlite:///{tmp_path / 'file' / 'deep' / 'fireline.db'}")


def test_a_second_process_on_the_same_file_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom fireline.store.database import Database\n"
        "found = Database(sys.argv[1])\nfound.claim()\nprint('claimed', flush=True)\nsys.stdin.read()\n"
    )
    database = on_disk(tmp_path)
    arguments: list[Any] = [sys.executable, "-c", script, f"sqlite:///{tmp_path / 'fireline.db'}"]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout
        assert first.stdout.readline() == "claimed\n"
        with pytest.raises(Refused, match=r"Another fireline serves .*fireline\.db already") as no:
            database.claim()
        assert no.value.status == 503
        first.kill()  # even a killed process gives its claim back
        first.wait(30)
        database.claim()
    database.close()


def test_postgresql_needs_no_claim(postgres_url: str) -> None:
    one, other = Database(postgres_url), Database(postgres_url)
    one.claim()
    other.claim()
    one.close()
    other.close()


def test_the_newest_revision_by_its_name_is_the_one_head_of_all_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]
