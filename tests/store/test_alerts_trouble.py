"""Trouble with the database loses no alert: it is refused, and the same alert sent again is stored."""

from __future__ import annotations

import json

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from fireline.core.alert import Alert
from fireline.core.refusal import Refused
from fireline.store.alerts import AlertStore
from fireline.store.database import MIGRATIONS, Database
from store.conftest import NOON

DOWN = Alert(source="alertmanager", labels={"alertname": "RedisDown"}, starts_at=NOON)


def test_while_postgresql_is_away_alerts_are_refused_and_afterwards_taken(postgres: str, postgres_url: str) -> None:
    database = Database(postgres_url)
    database.migrate()
    store = AlertStore(database)
    other = Alert(source="alertmanager", labels={"alertname": "ShopSlow"}, starts_at=NOON)
    assert store.take([other], NOON) == ("new",)
    name = postgres_url.rpartition("/")[2]
    with psycopg.connect(postgres, autocommit=True) as house:
        house.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        house.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        with pytest.raises(Refused, match="Nothing was stored") as no:
            store.take([DOWN], NOON)
        assert no.value.status == 503
        house.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
    assert store.take([DOWN], NOON) == ("new",)
    assert store.take([other], NOON) == ("same",)
    with psycopg.connect(postgres, autocommit=True) as house:
        house.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
    late = Alert(source="alertmanager", labels={"alertname": "Late"}, starts_at=NOON)
    assert store.take([late], NOON) == ("new",)  # a connection that broke while idle is nobody's trouble
    store.stop()
    database.close()


def test_alerts_of_the_first_release_keep_their_history(url: str) -> None:
    database = Database(url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    insert = sa.text(
        'INSERT INTO alert (fingerprint, body, "group", firing, first_seen, last_seen, times) '
        "VALUES (:fingerprint, :body, 'RedisDown|', :firing, :first, :last, :times)"
    )
    body = json.dumps({"source": "alertmanager", "labels": {"alertname": "RedisDown"}, "starts_at": NOON.isoformat()})
    noon, one = ("2026-03-02 12:00:00.000000", "2026-03-02 13:00:00.000000") if database.is_sqlite else (NOON, NOON)
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for name, firing, times in ((DOWN.fingerprint, True, 7), ("0" * 32, False, 1)):
            values = {"fingerprint": name, "body": body, "firing": firing, "first": noon, "last": one, "times": times}
            connection.execute(insert, values)
    database.migrate()
    store = AlertStore(database)
    assert store.firing() == (DOWN,)
    (row,) = store.to_triage()
    assert (row.times, row.first_seen) == (7, NOON)
    (kept,) = store.kept([DOWN.fingerprint])
    assert (kept.changed_at, kept.turns, kept.verdict) == (NOON, (), None)
    assert store.take([DOWN], NOON) == ("same",)
    store.stop()
    database.close()
