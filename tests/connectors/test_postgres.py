"""A database is looked at as it is: who holds its connections, what is slow, and an answer when no slot is left."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from fireline.connectors.postgres import Postgres
from fireline.core.question import Answer, Unusable, psql
from fireline.drills.world import wait_until
from servers import cluster, free_port

COUNT = "SELECT count(*) FROM pg_stat_activity;"
SLOW = (
    "SELECT pid, now() - pg_stat_activity.query_start AS duration, query FROM pg_stat_activity "
    "WHERE state = 'active' AND now() - pg_stat_activity.query_start > interval '0.2 seconds';"
)


LIMITS = "max_connections 12, 3 of them reserved for superusers"


OTHERS = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"


@pytest.fixture(scope="module")
def small() -> Iterator[str]:
    """A server with 12 slots, 3 of them for superusers, and two roles: web may have 2 sessions, ana sees nobody's."""
    with cluster("max_connections=12") as url:
        with psycopg.connect(url, autocommit=True) as house:
            house.execute("CREATE ROLE web LOGIN CONNECTION LIMIT 2")
            house.execute("CREATE ROLE ana LOGIN")
        yield url


@pytest.fixture(autouse=True)
def alone(small: str) -> None:
    """Each begins when the server has forgotten the one before: a session that is left ends there a moment later."""
    with psycopg.connect(small, autocommit=True) as house:
        assert wait_until(lambda: house.execute(f"SELECT count(*) {OTHERS}".encode()).fetchone() == (0,))


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A client that finds a statement slow after a fifth of a second."""
    with ExitStack() as after:
        client = Postgres(seconds=5, slow_seconds=0.2)
        after.callback(client.close)
        yield client


@pytest.fixture
def sessions(small: str) -> Iterator[ExitStack]:
    """Sessions of the shop, given back afterwards."""
    with ExitStack() as held:
        yield held
    with psycopg.connect(small, autocommit=True) as house:
        house.execute(f"SELECT pg_terminate_backend(pid) {OTHERS}".encode())


def hold(held: ExitStack, url: str, count: int, name: str = "web") -> list[psycopg.Connection[tuple[object, ...]]]:
    found = []
    for _ in range(count):
        found.append(psycopg.connect(url, application_name=name, autocommit=True))
        held.callback(found[-1].close)
    return found


def lane(url: str, **more: str) -> dict[str, str]:
    host, _, port = url.partition("@")[2].partition("/")[0].partition(":")
    return {"PGHOST": host, "PGPORT": port, "PGUSER": "fireline", "PGDATABASE": "postgres"} | more


def ask(client: Postgres, url: str, *args: str, seconds: float = 5, **more: str) -> Answer:
    question = psql.understand(("psql", *args), lane(url, **more))
    assert question is not None
    return client.answer(question, seconds)


@pytest.mark.req(53)
def test_it_says_how_many_connections_are_in_use_of_how_many_and_who_holds_them(
    postgres: Postgres, small: str, sessions: ExitStack
) -> None:
    web, worker = hold(sessions, small, 4), hold(sessions, small, 2, "worker")
    worker[0].execute("BEGIN")
    web[0].execute("SELECT 1")
    found = ask(postgres, small, "-c", COUNT)
    assert found.exit_code == 0
    shown = int(found.output.splitlines()[2])
    assert shown > 7  # what the runbook's own count says: the server's processes are among them
    assert found.findings[0] == f"7 of 9 connections in use ({LIMITS}): web 4, worker 2, fireline 1."
    assert "idle 5" in found.findings[1]
    assert "idle in transaction 1" in found.findings[1]


@pytest.mark.req(53, 127)
def test_the_session_that_is_held_ready_answers_when_every_slot_is_taken(small: str, sessions: ExitStack) -> None:
    client = Postgres((small,), seconds=5)
    sessions.callback(client.close)
    client.tend()
    with pytest.raises(psycopg.OperationalError, match="too many clients already"):
        hold(sessions, small, 12)
    question = psql.understand(("psql", "-U", "akaind", "-c", COUNT), {})
    assert question is not None
    direct = psql.directly(question, small)
    assert direct is not None
    with ThreadPoolExecutor(6) as pool:  # and six who ask at once take their turns with it
        for found in pool.map(lambda _: client.answer(direct, 5), range(6)):
            assert found.exit_code == 0
            taken = f"All 9 connections in use, and 3 of the reserved ones ({LIMITS}): web 11, fireline 1."
            assert found.findings[:2] == (taken, "No connection is left for ordinary roles.")


@pytest.mark.req(127)
def test_where_no_session_is_to_be_had_being_turned_away_is_the_finding(
    postgres: Postgres, small: str, sessions: ExitStack
) -> None:
    hold(sessions, small.replace("fireline@", "web@"), 2)
    found = ask(postgres, small, "-U", "web", "-c", "SELECT 1")
    assert (found.exit_code, found.output.count("FATAL")) == (2, 1)
    assert found.findings == (
        'The role "web" has no free connection: it has used up its own limit (CONNECTION LIMIT).',
    )
    hold(sessions, small, 7)
    found = ask(postgres, small, "-U", "ana", "-c", COUNT)
    assert found.findings == ("PostgreSQL has no free connection: only the slots reserved for superusers are left.",)
    with pytest.raises(psycopg.OperationalError):
        hold(sessions, small, 9)
    found = ask(postgres, small, "-c", COUNT)
    assert "sorry, too many clients already" in found.output
    assert found.findings[0].startswith("PostgreSQL has no free connection: every slot is taken")


@pytest.mark.req(68)
def test_a_slow_statement_is_shown_with_pid_and_duration_and_without_its_literals(
    postgres: Postgres, small: str, sessions: ExitStack
) -> None:
    (slow,) = hold(sessions, small, 1)
    slow.pgconn.send_query(b"SELECT pg_sleep(60), 'agnes@example.com'")
    running: list[Answer] = []

    def seen() -> bool:
        running[:] = [ask(postgres, small, "-c", SLOW)]
        return len(running[0].findings) == 3

    assert wait_until(seen)
    told = running[0].findings[2]
    assert told.startswith(f"pid {slow.info.backend_pid} has been active for")
    assert told.endswith("(web, user fireline): SELECT pg_sleep($1), $2")
    assert "agnes" not in running[0].output
    assert "SELECT pg_sleep($1), $2" in running[0].output


def test_what_waits_for_a_lock_says_whose(postgres: Postgres, small: str, sessions: ExitStack) -> None:
    first, second = hold(sessions, small, 2)
    first.execute("SELECT pg_advisory_lock(7)")
    second.pgconn.send_query(b"SELECT pg_advisory_lock(7)")
    assert wait_until(
        lambda: (
            f"waiting for a lock of pid {first.info.backend_pid}" in "".join(ask(postgres, small, "-c", COUNT).findings)
        )
    )


def test_a_role_that_does_not_see_the_others_is_told_how_to(
    postgres: Postgres, small: str, sessions: ExitStack
) -> None:
    hold(sessions, small, 3)
    found = ask(postgres, small, "-U", "ana", "-c", COUNT)
    assert found.findings[0].startswith("4 of 9 connections in use")
    assert found.findings[-1].endswith("GRANT pg_monitor TO ana lets it.")


@pytest.mark.req(56)
def test_without_pg_stat_statements_it_says_what_it_takes(postgres: Postgres, small: str) -> None:
    found = ask(postgres, small, "-c", "SELECT query FROM pg_stat_statements ORDER BY mean_time DESC LIMIT 5")
    assert found.exit_code == 1
    assert found.output.startswith('ERROR:  relation "pg_stat_statements" does not exist\nLINE 1: SELECT')
    (told,) = found.findings
    assert told.startswith("pg_stat_statements is not installed, so slow statements were not counted. To have it: add")
    assert (
        "to shared_preload_libraries, then restart PostgreSQL (a reload is not enough), then CREATE EXTENSION" in told
    )


@pytest.mark.req(56)
def test_with_pg_stat_statements_the_statements_that_take_the_time_are_told(postgres: Postgres) -> None:
    with cluster("shared_preload_libraries=pg_stat_statements") as url:
        found = ask(postgres, url, "-c", "SELECT 1 FROM pg_stat_statements")
        assert found.findings[0].startswith("pg_stat_statements is loaded, but not created in the database postgres:")
        with psycopg.connect(url, autocommit=True) as house:
            house.execute("CREATE EXTENSION pg_stat_statements")
            house.execute("SELECT pg_sleep(0.3), 'agnes'")
        found = ask(postgres, url, "-tA", "-c", "SELECT max(calls) > 0 FROM pg_stat_statements")
        assert found.output == "t\n"
        assert "% of the time in 1 calls of 3" in found.findings[0]
        assert found.findings[0].endswith("SELECT pg_sleep($1), $2")
        old = ask(postgres, url, "-c", "SELECT mean_time FROM pg_stat_statements")
        assert "Since PostgreSQL 13 mean_time" in old.findings[0]
        postgres.close()


def test_a_session_cannot_write_even_where_the_guard_was_wrong(postgres: Postgres, small: str) -> None:
    with psycopg.connect(small, autocommit=True) as house:
        house.execute("CREATE TABLE IF NOT EXISTS stock (n int)")
        house.execute(
            "CREATE OR REPLACE FUNCTION sell() RETURNS int LANGUAGE sql AS 'INSERT INTO stock VALUES (1) RETURNING n'"
        )
    found = ask(postgres, small, "-c", "SELECT sell()")
    assert found.exit_code == 1
    assert "cannot execute INSERT in a read-only transaction" in found.output
    assert "in a session that cannot write" in found.ran


def test_a_statement_that_takes_too_long_is_ended_by_the_server(small: str) -> None:
    client = Postgres(seconds=0.3)
    found = ask(client, small, "-c", "SELECT pg_sleep(60)", seconds=0.3)
    client.close()
    assert found.output == "ERROR:  canceling statement due to statement timeout\n"


def test_a_server_that_hangs_is_left_in_time_and_said_to_hang(small: str) -> None:
    client = Postgres(seconds=0.5)
    with psycopg.connect(small) as house:
        (folder,) = house.execute("SHOW data_directory").fetchone() or ("",)
    leader = int(Path(folder, "postmaster.pid").read_text().split()[0])
    session = int(ask(client, small, "-tA", "-c", "SELECT pg_backend_pid()").output)
    # Only these two: others of its processes come and go by themselves. The session wakes first, or the leader ends it.
    hanging = (session, leader)
    try:
        for pid in hanging:
            os.kill(pid, signal.SIGSTOP)
        resting = ask(client, small, "-c", "SELECT 1", seconds=0.2)
        new = ask(client, small, "-U", "ana", "-c", "SELECT 1", seconds=0.2)
    finally:
        for pid in hanging:
            os.kill(pid, signal.SIGCONT)
        client.close()
    for found in (resting, new):
        assert found.exit_code == 2
        assert found.findings[0].endswith("did not answer in time: it hangs, or the network drops what is sent to it.")


def test_refused_and_a_name_that_does_not_resolve_are_told_apart(postgres: Postgres, small: str) -> None:
    refused = ask(postgres, small, "-p", str(free_port()), "-c", "SELECT 1")
    assert (refused.exit_code, "Nothing listens at 127.0.0.1:" in refused.findings[0]) == (2, True)
    nowhere = ask(postgres, small, "-h", "no.such.host.invalid", "-c", "SELECT 1")
    assert nowhere.findings == ("The host of no.such.host.invalid:" + nowhere.findings[0].partition("invalid:")[2],)
    assert nowhere.findings[0].endswith("is a name that does not resolve.")
    strange = ask(postgres, small, "-d", "billing", "-c", "SELECT 1")
    assert strange.findings[0].endswith("is up, but has no such database.")


def test_a_session_that_the_server_ended_meanwhile_is_replaced_without_a_word(postgres: Postgres, small: str) -> None:
    assert ask(postgres, small, "-c", "SELECT 1").exit_code == 0
    with psycopg.connect(small, autocommit=True) as house:
        ended = house.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fireline'"
        )
        assert ended.rowcount == 1
    assert ask(postgres, small, "-tA", "-c", "SELECT 2").output == "2\n"


def test_the_second_question_rides_on_the_session_of_the_first(postgres: Postgres, small: str) -> None:
    pids = {ask(postgres, small, "-tA", "-c", "SELECT pg_backend_pid()").output for _ in range(3)}
    assert len(pids) == 1
    postgres.tend()
    assert {ask(postgres, small, "-tA", "-c", "SELECT pg_backend_pid()").output} == pids


def test_nothing_of_fireline_s_own_environment_reaches_the_database(
    postgres: Postgres, small: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGUSER", "root_of_all")
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGPASSWORD", "of the server's own database")
    assert ask(postgres, small, "-tA", "-c", "SELECT current_user").output == "fireline\n"
    monkeypatch.setenv("PGSERVICE", "ours")
    with pytest.raises(Unusable):
        ask(postgres, small, "-c", "SELECT 1")


def test_an_answer_too_large_for_memory_is_left_to_psql(postgres: Postgres, small: str) -> None:
    with pytest.raises(Unusable, match="too large"):
        ask(postgres, small, "-c", "SELECT repeat('x', 1000) FROM generate_series(1, 100000)")
    assert ask(postgres, small, "-tA", "-c", "SELECT 1").output == "1\n"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 AS a, 'x|y' AS name, null::text AS n, 1.50 AS num, true AS ok, E'two\\nlines' AS l, 'ä' AS \"Ü\"",
        "SELECT E'a\\nb' AS \"x\\ny\", E'2\\n3\\n' AS z, E'tab\\there' AS t",
        "SELECT 1 WHERE false",
        "SELECT '漢字' AS k, null AS n; SHOW max_connections; SELECT 2",
        "SELECT generate_series(8, 12) AS n, 'a\"b,c' AS quoted, 'long value here' AS w",
        "EXPLAIN SELECT 1",
        "SELECT * FROM nowhere",
        "SELECT 1/0",
    ],
)
@pytest.mark.parametrize("how", [(), ("-t",), ("-A",), ("-tA", "-F,"), ("--csv",)])
def test_the_output_is_what_psql_prints(postgres: Postgres, small: str, sql: str, how: tuple[str, ...]) -> None:
    args = ("-X", *how, "-c", sql.replace("\\ny", "\ny"))
    said = subprocess.run(
        ["psql", *args],
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"} | lane(small),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    found = ask(postgres, small, *args)
    assert (found.output, found.exit_code) == (said.stdout.decode(), said.returncode)


def test_sessions_at_rest_are_given_back_and_the_held_one_is_not(
    small: str, sessions: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Postgres((small,), seconds=5)
    sessions.callback(client.close)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: ask(client, small, "-U", "ana", "-c", "SELECT pg_sleep(0.2)"), range(3)))
    client.tend()
    ours = "SELECT usename, count(*) FROM pg_stat_activity WHERE application_name = 'fireline' GROUP BY 1 ORDER BY 1"
    with psycopg.connect(small, autocommit=True) as house:
        assert house.execute(ours).fetchall() == [("ana", 3), ("fireline", 1)]
        monkeypatch.setattr("fireline.connectors.postgres.sessions.IDLE_SECONDS", 0.0)
        client.tend()
        assert wait_until(lambda: house.execute(ours).fetchall() == [("ana", 1), ("fireline", 1)])
        monkeypatch.setattr("fireline.connectors.postgres.sessions.LAST_SECONDS", 0.0)
        client.tend()
        assert wait_until(lambda: house.execute(ours).fetchall() == [("fireline", 1)])
