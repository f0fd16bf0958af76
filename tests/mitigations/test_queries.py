"""Slow queries are listed, cancelled before they are ended, and whose sessions must not end is refused.

PostgreSQL and psql are real, and so is the walsender: a `pg_receivewal` that streams the log as a standby would. The
seed reaches the database through `kubectl exec`; the stand-in API server starts the real psql for it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from fireline.core.events import CommandStarted
from fireline.core.refusal import Refused
from fireline.settings import DatabaseSettings
from kiosk import until
from kube import Kube
from mitigations.conftest import BOTH, OpenScene
from mitigations.scene import Book, Scene, psql_at
from servers import cluster

SLOW = "SELECT pg_sleep(600) /* order 4711 */"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A PostgreSQL that others may stream from, with the roles of both runbooks."""
    with cluster("wal_level=replica", "max_wal_senders=4") as url:
        with psycopg.connect(url, autocommit=True) as house:
            house.execute("CREATE ROLE akaind LOGIN SUPERUSER")  # as the image's own user is
            house.execute("CREATE ROLE operator LOGIN IN ROLE pg_signal_backend, pg_read_all_stats")
            house.execute("CREATE ROLE shop LOGIN")
            house.execute("CREATE ROLE reader LOGIN IN ROLE pg_monitor")
            house.execute("CREATE DATABASE orders")
        yield url


@pytest.fixture
def open_database(open_scene: OpenScene, kube: Kube, book: Book, server: str) -> Callable[..., Scene]:
    """Opens the scene with its database there: in the cluster as the seed has it, else on a host."""
    port = str(conninfo_to_dict(server)["port"])
    kube.production.cluster.inside["psql"] = psql_at(server, port=port, user="akaind")
    direct = DatabaseSettings(
        url=f"postgresql://reader@127.0.0.1:{port}/postgres", inside=f"deploy/postgres -n {book.namespace}"
    )

    def open_(**more: str) -> Scene:
        return open_scene(
            **more, values={"database_host": "127.0.0.1"}, databases={"shop": direct}, environment={"PGPORT": port}
        )

    return open_


@pytest.fixture
def web(server: str) -> Iterator[psycopg.Connection]:
    """A client of the shop's database that has asked something slow."""
    one = psycopg.connect(server, user="shop", application_name="web", autocommit=True)
    try:
        one.pgconn.send_query(SLOW.encode())
        until(lambda: state(server, one) == "active")
        yield one
    finally:
        one.close()


def state(server: str, one: psycopg.Connection) -> str:
    """What a session is doing; "" when it is gone."""
    with psycopg.connect(server) as watcher:
        query = "SELECT state FROM pg_stat_activity WHERE pid = %s"
        row = watcher.execute(query, (one.info.backend_pid,)).fetchone()
    return str(row[0]) if row else ""


@contextmanager
def streaming(server: str, folder: Path) -> Iterator[int]:
    """A standby's stream, and the PID of its walsender."""
    where = conninfo_to_dict(server)
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_receivewal"))
    program = str(programs[-1]) if programs else shutil.which("pg_receivewal")
    if program is None:
        pytest.skip("skipped: no pg_receivewal, so no walsender to refuse")
    words = [program, "-D", str(folder), "-h", "127.0.0.1", "-p", str(where["port"]), "-U", "akaind", "-w"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with psycopg.connect(server, autocommit=True) as watcher:
            query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walsender'"
            until(lambda: watcher.execute(query).fetchone())
            row = watcher.execute(query).fetchone()
        assert row
        yield int(row[0])
    finally:
        process.terminate()
        process.wait(10)


@BOTH
@pytest.mark.req(68, 69, 77)
def test_a_slow_query_is_listed_then_cancelled_and_only_then_ended(
    open_database: Callable[..., Scene], book: Book, server: str, web: psycopg.Connection
) -> None:
    scene = open_database(
        text=book.text.replace("interval '1 minute'", "interval '0 seconds'")
    )  # no test waits for one
    look = scene.propose("list queries")
    assert scene.ended(look) == "ok"
    assert re.search(rf"{web.info.backend_pid} .*pg_sleep", scene.said(look))
    blank = scene.blank("end query", "pid")
    pid = str(web.info.backend_pid)
    end = scene.propose("end query", **{blank: pid})
    assert (end.asked.yes_needed, "pg_cancel_backend" in str(end.asked.gentler)) == (2, True)
    assert str(end.asked.preview).startswith("This ends 1 connection, the oldest ")
    assert f"PID {pid} · web" in str(end.asked.preview)
    cancel = scene.type(str(end.asked.gentler))
    assert str(cancel.asked.preview).startswith("This cancels the query of 1 connection")
    assert scene.agree(cancel) == "ok", scene.said(cancel)
    until(lambda: state(server, web) == "idle")
    assert scene.agree(end) == "ok"
    until(lambda: state(server, web) == "")
    assert "cannot be brought back" in scene.kept(end).what
    assert {each.verdict for each in (scene.measured(cancel), scene.measured(end))} <= {"better", "same", "unknown"}


@pytest.mark.req(68)
def test_what_is_listed_says_first_what_is_slow_without_anybodys_data(
    open_database: Callable[..., Scene], web: psycopg.Connection, book: Book
) -> None:
    scene = open_database()
    one = scene.propose("list queries")
    assert scene.ended(one) == "ok"
    run = scene.house.ledger.read(1).runs[f"1.ask{one.number}"]
    assert run.finished
    assert "4711" not in " ".join(run.finished.findings)


@pytest.mark.req(69)
def test_neither_a_walsender_nor_ones_own_session_nor_a_predicate_is_ever_ended(
    open_database: Callable[..., Scene], server: str, tmp_path: Path
) -> None:
    folder = tmp_path / "wal"
    folder.mkdir()
    scene = open_database()
    blank = scene.blank("end query", "pid")
    scene.declared()
    for value in ("1 OR 1=1", "4711; DROP TABLE orders", "-1", "pg_backend_pid()", "4711.5"):
        with pytest.raises(Refused, match=r"whole number|may not start with a dash"):
            scene.propose("end query", **{blank: value})
    started = [each for each in scene.house.ledger.log(1) if isinstance(each, CommandStarted)]
    assert [each for each in started if each.purpose != "diagnosis"] == []  # nothing was started, not even to look
    assert scene.asks("ana") == []
    with streaming(server, folder) as walsender:
        with pytest.raises(Refused, match=rf"PostgreSQL's own work \(walsender {walsender}\)"):
            scene.propose("end query", **{blank: str(walsender)})
        text = scene.command("end query").text
        own = text.replace(text[text.index("<") : text.index(">") + 1], "pg_backend_pid()")
        if "WHERE" in own:
            with pytest.raises(Refused, match="the very session that runs it"):
                scene.type(own)
        with psycopg.connect(server) as watcher:
            alive = watcher.execute("SELECT count(*) FROM pg_stat_replication").fetchone()
        assert alive == (1,)


@pytest.mark.req(69, 70)
def test_a_database_that_exec_calls_a_deployment_is_reached_as_what_it_is(
    open_database: Callable[..., Scene], shared: Path, web: psycopg.Connection
) -> None:
    scene = open_database()
    one = scene.propose("end query", **{scene.blank("end query", "pid"): str(web.info.backend_pid)})
    assert one.asked.command.startswith("kubectl exec statefulset/postgres -n akaind-platform")
    assert str(one.asked.asked_as).startswith("kubectl exec deploy/postgres -n akaind-platform")
    assert one.asked.target == "cluster production · namespace akaind-platform · statefulset/postgres"
