"""A diagnosis asks over open connections where it can; the record, the masking and the way back stay the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from fireline import clock
from fireline.core.events import CommandFinished, CommandStarted
from fireline.house import House
from fireline.settings import Lanes, LaneSettings, Settings
from fireline.settings.databases import DatabaseSettings, WarmSettings
from fireline.workflows.warm import clients
from kiosk import RUNBOOK, Open, kiosk_shut, until
from servers import cluster

COUNT = "psql -c 'SELECT count(*) FROM pg_stat_activity'"
POD = "kubectl exec -it deploy/postgres -n kiosk -- psql -U akaind -c 'SELECT current_user, 17 AS plums'"


def runbook(*commands: str) -> str:
    return RUNBOOK.replace("ls -a\n", "\n".join(f"{one}\n" for one in commands))


def lane(url: str, street: Path, **more: str) -> Lanes:
    host, _, port = url.partition("@")[2].partition("/")[0].partition(":")
    there = {"PGHOST": host, "PGPORT": port, "PGUSER": "fireline", "PGDATABASE": "postgres"}
    one = LaneSettings(directory=str(street), environment=there | more)
    return Lanes(read=one, write=one)


@contextmanager
def diagnosed(open_house: Open, **settings: object) -> Iterator[tuple[House, dict[str, CommandFinished]]]:
    """An incident whose diagnosis is over: what was found, by command."""
    house = open_house(**settings)  # type: ignore[arg-type]
    house.alerts.take([kiosk_shut()], clock.now())
    until(lambda: bool(house.ledger.head(1)) and len(_ended(house)) == 2)
    yield house, _ended(house)


def _ended(house: House) -> dict[str, CommandFinished]:
    log = house.ledger.log(1)
    runs = {event.run: event.command for event in log if isinstance(event, CommandStarted)}
    return {runs[event.run]: event for event in log if isinstance(event, CommandFinished)}


@pytest.mark.req(60)
def test_what_was_found_is_told_beside_the_output_and_the_command_is_the_runbook_s(
    open_house: Open, street: Path, postgres_url: str
) -> None:
    with diagnosed(open_house, runbook=runbook(COUNT), lanes=lane(postgres_url, street)) as (house, found):
        one = found[COUNT]
        assert (one.ending, one.exit_code) == ("ok", 0)
        assert one.ran.endswith("/postgres as fireline, in a session that cannot write")
        assert "connections in use" in one.findings[0]
        assert one.summary.startswith(one.findings[0][:60])
        assert house.evidence.read(one.evidence).startswith(" count \n-------\n")
        assert one.size == len(house.evidence.read(one.evidence))
        assert not (Path(house.settings.store.spool) / one.run).exists()  # no process was started for it
        # the other command of the diagnosis ran as a process, and says so by saying nothing
        assert [other.ran for command, other in found.items() if command != COUNT] == [""]


def test_secrets_in_an_answer_are_masked_as_in_any_output(open_house: Open, street: Path, postgres_url: str) -> None:
    leak = "psql -tA -c \"SELECT 'password=hunter2hunter2' UNION ALL SELECT 'plum-stone-9'\""
    lanes = lane(postgres_url, street, PGPASSWORD="plum-stone-9")
    with diagnosed(open_house, runbook=runbook(leak), lanes=lanes) as (house, found):
        assert found[leak].ran
        assert found[leak].masked == 2
        assert house.evidence.read(found[leak].evidence) == "password=«masked»\n«masked»\n"


def test_an_answer_is_cut_where_the_lane_cuts(open_house: Open, street: Path, postgres_url: str) -> None:
    long = "psql -tA -c \"SELECT repeat('x', 100) FROM generate_series(1, 200)\""
    one = lane(postgres_url, street).read
    small = LaneSettings(directory=one.directory, environment=one.environment, output_kib=2)
    with diagnosed(open_house, runbook=runbook(long), lanes=Lanes(read=small, write=small)) as (house, found):
        assert found[long].ran
        assert found[long].cut > 10_000
        assert "bytes cut here]" in house.evidence.read(found[long].evidence)


def test_what_a_client_does_not_understand_runs_as_a_process(open_house: Open, street: Path, postgres_url: str) -> None:
    piped = "psql -tA -c 'SELECT 17' | cat"
    with diagnosed(open_house, runbook=runbook(piped), lanes=lane(postgres_url, street)) as (house, found):
        assert found[piped].ran == ""
        assert house.evidence.read(found[piped].evidence) == "17\n"


@pytest.mark.req(53)
def test_a_database_that_the_settings_name_is_asked_without_going_through_its_pod(
    open_house: Open, street: Path, postgres_url: str
) -> None:
    known = {"main": DatabaseSettings(url=postgres_url, inside="deploy/postgres -n kiosk")}
    with diagnosed(open_house, runbook=runbook(POD), databases=known) as (house, found):
        (one,) = [event for command, event in found.items() if command.startswith("kubectl exec")]
        assert house.evidence.read(one.evidence).splitlines()[2] == " fireline     |    17"
        assert one.ran.endswith("which [databases.main] names for deploy/postgres")


@pytest.mark.req(127)
def test_a_process_that_was_turned_away_is_a_finding_too(open_house: Open, street: Path) -> None:
    with cluster("max_connections=5", "superuser_reserved_connections=0") as url, ExitStack() as held:
        for _ in range(5):
            held.enter_context(psycopg.connect(url))
        full = "psql -tA -c 'SELECT 17' 2>&1 | cat"
        with diagnosed(open_house, runbook=runbook(full), lanes=lane(url, street)) as (_, found):
            assert found[full].ran == ""
            assert found[full].findings == (
                "PostgreSQL has no free connection: every slot is taken, those reserved for superusers too.",
            )


def test_a_program_of_the_site_s_own_is_never_replaced(tmp_path: Path, postgres_url: str) -> None:
    warm = clients(Settings())
    there = dict(lane(postgres_url, tmp_path).read.environment)
    assert warm.answer(COUNT, there | {"PATH": "/usr/bin:/bin"}, 5)
    (tmp_path / "psql").write_text("#!/bin/sh\necho through the bastion\n")
    (tmp_path / "psql").chmod(0o755)
    assert warm.answer(COUNT, there | {"PATH": f"{tmp_path}:/usr/bin:/bin"}, 5) is None
    warm.close()


def test_a_program_that_the_settings_leave_out_runs_as_a_process(tmp_path: Path, postgres_url: str) -> None:
    settings = Settings()
    warm = clients(settings)
    assert set(warm.programs) == set(settings.warm.programs) == {"kubectl", "psql", "redis-cli", "curl", "nc"}
    warm.close()
    without = clients(Settings(warm=WarmSettings(programs=("curl",))))
    assert without.answer(COUNT, dict(lane(postgres_url, tmp_path).read.environment), 5) is None
    without.close()
