"""Ending database sessions: people see whose they are first; PostgreSQL's own and fireline's own are never ended."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from fireline.core.change import sessions
from fireline.core.refusal import Refused
from fireline.house import House
from kiosk import until
from workflows.shop import ask, ended, say_yes

SLEEP = "SELECT pg_sleep(600)"


@pytest.fixture
def psql(postgres_url: str) -> Callable[[str], str]:
    """A psql command on the test's own database, with this SQL."""
    parts = conninfo_to_dict(postgres_url)

    def psql_(sql: str) -> str:
        return f'psql -h {parts["host"]} -p {parts["port"]} -U {parts["user"]} -d {parts["dbname"]} -c "{sql}"'

    return psql_


@pytest.fixture
def client(postgres_url: str) -> Iterator[Callable[..., psycopg.Connection]]:
    """Clients of the database, each with a name; closed in the end."""
    with ExitStack() as clients:

        def connect(name: str) -> psycopg.Connection:
            one = psycopg.connect(postgres_url, application_name=name, autocommit=True)
            clients.callback(one.close)  # also of one that the server has ended
            return one

        yield connect


def pid(connection: psycopg.Connection) -> int:
    return connection.info.backend_pid


@pytest.mark.req(69)
def test_what_is_about_to_end_is_listed_with_number_age_and_application(
    house: House, psql: Callable[[str], str], client: Callable[..., psycopg.Connection]
) -> None:
    for _ in range(3):
        client("web")
    where = "application_name = 'web' AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    one = ask(house, psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {where};"))
    first = str(one.asked.preview).splitlines()[0]
    assert first.startswith("This ends 3 connections, the oldest ")
    assert first.endswith(" s, of app web.")
    assert one.asked.blast == "3 clients of web get an error and have to connect anew."
    assert str(one.asked.target).startswith("database ")
    assert one.asked.yes_needed == 2


@pytest.mark.req(69)
def test_a_session_ends_by_its_pid_and_the_gentler_way_is_named_first(
    house: House, psql: Callable[[str], str], client: Callable[..., psycopg.Connection]
) -> None:
    web, other = client("web"), client("web")
    one = ask(house, psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = {pid(web)};"))
    assert "pg_cancel_backend" in str(one.asked.gentler)
    assert str(one.asked.preview).splitlines()[0].startswith("This ends 1 connection,")
    say_yes(house, one, "ben", "eva")
    assert ended(house, one) == "ok"
    with pytest.raises(psycopg.OperationalError):
        web.execute("SELECT 1")
    assert other.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.req(69)
def test_a_cancel_ends_the_query_and_leaves_the_session(
    house: House, psql: Callable[[str], str], client: Callable[..., psycopg.Connection]
) -> None:
    web = client("web")
    with psycopg.Connection.connect(web.info.dsn, autocommit=True) as watcher:
        busy = web.pgconn
        busy.send_query(SLEEP.encode())
        state = "SELECT state FROM pg_stat_activity WHERE pid = %s"
        until(lambda: watcher.execute(state, (pid(web),)).fetchone() == ("active",))
        one = ask(house, psql(f"SELECT pg_cancel_backend({pid(web)})"))
        assert one.asked.yes_needed == 1
        assert str(one.asked.preview).startswith("This cancels the query of 1 connection")
        say_yes(house, one)
        assert ended(house, one) == "ok"
        until(lambda: watcher.execute(state, (pid(web),)).fetchone() == ("idle",))


@pytest.mark.req(69)
@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("pid IN (SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer')", "PostgreSQL's own work"),
        ("backend_type = 'client backend'", "the very session that runs it"),
        ("application_name = 'fireline-warm'", "fireline's own session"),
    ],
)
def test_sessions_that_must_not_end_are_refused_with_the_words_that_leave_them_out(
    house: House, psql: Callable[[str], str], client: Callable[..., psycopg.Connection], where: str, why: str
) -> None:
    client("fireline-warm")
    with pytest.raises(Refused, match=why) as no:
        ask(house, psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {where}"))
    assert "Add: AND" in no.value.sentence


@pytest.mark.req(69)
def test_a_session_that_is_gone_by_the_time_of_the_yes_is_left(
    house: House, psql: Callable[[str], str], client: Callable[..., psycopg.Connection]
) -> None:
    web = client("web")
    one = ask(house, psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = {pid(web)}"))
    gone = pid(web)
    web.close()
    with psycopg.Connection.connect(client("watcher").info.dsn) as watcher:
        count = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
        until(lambda: watcher.execute(count, (gone,)).fetchone() == (0,))
    say_yes(house, one, "ben", "eva")
    assert ended(house, one) == "void: It is gone already: no session has that PID."


@pytest.mark.req(69)
def test_ready_commands_list_first_then_cancel_then_end_and_know_idle_connections(
    house: House, psql: Callable[[str], str], client: Callable[..., psycopg.Connection]
) -> None:
    taken = sessions.psql(tuple(shlex.split(psql("SELECT 1"))))
    assert taken is not None
    ready = {one.title: one.command for one in sessions.ready(taken)}
    assert list(ready) == [
        "List the slow queries",
        "Cancel the slow queries",
        "End the sessions of the slow queries",
        "List the idle connections",
        "End the idle connections",
    ]
    idle = client("web")
    idle.execute("SELECT 1")
    listing = ready["List the idle connections"].replace("5 minutes", "0 seconds")
    assert house.library.judge_text(listing).unattended
    one = ask(house, listing)
    assert ended(house, one) == "ok"
    run = house.ledger.read(1).runs["1.ask1"]
    assert run.finished is not None
    assert "web" in house.evidence.read(run.finished.evidence)
    two = ask(house, ready["End the idle connections"].replace("5 minutes", "0 seconds"))
    assert str(two.asked.preview).splitlines()[0].startswith("This ends 1 connection")
    say_yes(house, two, "ben", "eva")
    assert ended(house, two) == "ok"
    with pytest.raises(psycopg.OperationalError):
        idle.execute("SELECT 1")


def test_a_server_that_is_away_leaves_the_ask_without_a_preview_and_says_why(house: House) -> None:
    one = ask(house, 'psql -h 127.0.0.1 -p 1 -U ana -d shop -c "SELECT pg_terminate_backend(4711)"')
    assert "could not be listed" in str(one.asked.no_preview)
