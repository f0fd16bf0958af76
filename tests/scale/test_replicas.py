"""Several replicas on one PostgreSQL: any takes alerts, any may die for ever, freeze, or lose its database.

Nothing is lost, nothing is joined twice, no command runs twice and nobody is paged twice. Real processes, a real
PostgreSQL, a pager that counts; replicas die by SIGKILL and are never started again.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest

from contracts.pagerduty import PagerDutyStandIn
from fireline.durable.replicas import GRACE
from kiosk import until
from scale.fleet import OK, SOON, Cluster, Fleet, Island, Replica, alert, cluster

MAKES_A_FLEET = Callable[[str], Fleet]
MISSED = SOON + 30  # seconds until the others have taken over what a dead replica had under way, on a busy machine
MISSED_BY_THE_SERVER = 15  # seconds until PostgreSQL ends the session of a client that it cannot reach
SERVICES = ("till", "fridge", "door", "shelf", "oven")  # fewer than a storm


def waiting(replica: Replica, number: int = 1) -> dict[str, Any] | None:
    """The ask that waits for somebody's yes."""
    found = replica.ask("ana", "GET", f"/incidents/{number}") or {"approvals": []}
    return next((ask for ask in found["approvals"] if ask["state"] == "waiting"), None)


def say_yes(replica: Replica, number: int = 1) -> None:
    """Ben approves what waits."""
    until(lambda: waiting(replica, number))
    ask = waiting(replica, number)
    assert ask
    path = f"/incidents/{number}/approvals/{ask['number']}/yes"
    assert replica.ask("ben", "POST", path, {"shown": ask["digest"]}) is not None


def status(fleet: Fleet, number: int = 1) -> str:
    return str(fleet.rows("SELECT status FROM incident WHERE number = %s", number)[0][0])


def assert_told_once(fleet: Fleet, pager: PagerDutyStandIn, incidents: int, *, paged: int | None = None) -> None:
    """One incident a fault, one page an incident, and every alert where it belongs."""
    assert fleet.rows("SELECT count(*) FROM incident") == [(incidents,)]
    until(lambda: len(pager.alerts) >= (incidents if paged is None else paged), MISSED)
    assert {pager.pages(key) for key in pager.alerts} == {1}
    for (number,) in fleet.rows("SELECT number FROM incident"):
        events = fleet.events(number)
        joined = Counter(
            one["fingerprint"]
            for event in events
            if event["type"] in {"AlertJoined", "AlertsJoined"}
            for one in event.get("alerts", [event])
        )
        assert set(joined.values()) == {1}, joined
        started = Counter(event["run"] for event in events if event["type"] == "CommandStarted")
        assert set(started.values()) <= {1}, started
    assert fleet.rows("SELECT count(*) FROM alert WHERE incident IS NULL") == [(0,)]


@pytest.mark.req(37)
def test_a_replica_that_dies_for_ever_in_the_middle_of_a_page_and_a_walk_is_replaced(
    fleets: MAKES_A_FLEET, postgres_url: str, pager: PagerDutyStandIn
) -> None:
    fleet = fleets(postgres_url)
    first = fleet.start()
    pager.fail_next(1, "hang")  # the page is under way for as long as anybody waits for its answer: ten seconds
    assert first.tell([alert()]) == OK
    until(lambda: fleet.owner("1:1:pagerduty:trigger") == first.process.pid)
    until(lambda: waiting(first))
    assert fleet.owner("walk:1") == first.process.pid
    second = fleet.start()
    first.signal(signal.SIGKILL)
    died = time.monotonic()
    say_yes(second)  # its command runs before anybody has missed the first one
    until(lambda: [one for one in fleet.events(1) if one["type"] == "CommandFinished" and ".ask" in one["run"]])
    until(lambda: status(fleet) == "Monitoring", MISSED)
    assert time.monotonic() - died >= SOON
    assert_told_once(fleet, pager, 1)
    assert second.log.count("died=") == 1


def test_a_clock_rings_though_the_replica_that_set_it_is_dead(
    fleets: MAKES_A_FLEET, postgres_url: str, pager: PagerDutyStandIn
) -> None:
    fleet = fleets(postgres_url)
    first, second = fleet.start(), fleet.start()
    assert first.tell([alert()]) == OK
    until(lambda: fleet.rows("SELECT count(*) FROM clock WHERE kind = 'acknowledge'") == [(1,)])
    first.signal(signal.SIGKILL)
    with_rung = "SELECT count(*) FROM clock WHERE kind = 'acknowledge' AND rung_at IS NOT NULL"
    fleet.rows("UPDATE clock SET due_at = now() + interval '1 second' WHERE kind = 'acknowledge' RETURNING 1")
    until(lambda: fleet.rows(with_rung) == [(1,)], 10)  # no grace: any replica rings what is due
    assert second.ready()


def test_alerts_may_come_to_any_replica_and_to_all_of_them_while_one_dies(
    fleets: MAKES_A_FLEET, postgres_url: str, pager: PagerDutyStandIn
) -> None:
    fleet = fleets(postgres_url)
    replicas = [fleet.start() for _ in range(3)]
    pods = [alert("KioskShut", service, pod=f"{service}-{n}") for n in range(5) for service in SERVICES]

    def tell(replica: Replica, order: int) -> list[str]:
        """Bring every alert, one request each, from another end; what was taken."""
        mine = pods[order * 8 :] + pods[: order * 8]
        return [one["labels"]["pod"] for one in mine if replica.tell([one]) == OK]

    with ThreadPoolExecutor(3) as pool:
        told = [pool.submit(tell, replica, order) for order, replica in enumerate(replicas)]
        until(lambda: fleet.rows("SELECT count(*) >= 10 FROM alert") == [(True,)])
        replicas[2].signal(signal.SIGKILL)
        taken = {pod for one in told for pod in one.result()}
    assert len(taken) == len(pods)  # each was taken by somebody
    until(lambda: fleet.rows("SELECT count(*) FROM look") == [(0,)], MISSED)
    until(lambda: fleet.rows("SELECT count(*) FROM alert WHERE incident IS NULL") == [(0,)], MISSED)
    assert_told_once(fleet, pager, len(SERVICES))


def test_postgresql_restarts_under_load_and_nobody_is_taken_for_dead(
    fleets: MAKES_A_FLEET, postgres_of_our_own: Cluster, pager: PagerDutyStandIn
) -> None:
    fleet = fleets(postgres_of_our_own.url)
    fleet.grace = GRACE  # its length is the subject
    first, second = fleet.start(), fleet.start()
    assert first.tell([alert("KioskShut", "corner")]) == OK
    until(lambda: waiting(second))
    with load(first, second) as sent:
        until(lambda: len(sent) >= 10)
        postgres_of_our_own.stop(signal.SIGQUIT)  # a crash: nobody is told
        gone = time.monotonic() + 2
        until(lambda: time.monotonic() > gone)
        postgres_of_our_own.start()
        before = len(sent)
        until(lambda: len(sent) >= before + 10, 30)
    (taken,) = fleet.rows("SELECT count(*) FROM alert")[0]
    assert taken == len(sent) + 1  # what was answered 200, each once
    until(lambda: fleet.rows("SELECT count(*) FROM look") == [(0,)], 30)
    say_yes(second)
    until(lambda: status(fleet) == "Monitoring")
    assert_told_once(fleet, pager, 1 + len(SERVICES))
    over = time.monotonic() + GRACE - 10  # by now twenty seconds have passed: long enough for a wrong verdict
    until(lambda: time.monotonic() > over)
    assert "died=" not in first.log + second.log


def test_one_that_froze_loses_its_work_and_does_no_harm_when_it_wakes(
    fleets: MAKES_A_FLEET, postgres_url: str, pager: PagerDutyStandIn
) -> None:
    fleet = fleets(postgres_url)
    first = fleet.start()
    begins_a_walk(fleet, first)
    second = fleet.start()
    first.signal(signal.SIGSTOP)
    goes_on_without(fleet, first, second, SOON + MISSED)
    events = len(fleet.events(1))
    first.signal(signal.SIGCONT)
    comes_back(fleet, first)
    assert len(fleet.events(1)) <= events + 1  # the green window may have passed meanwhile; nothing is told twice
    assert_told_once(fleet, pager, 2)


def test_one_whose_network_is_cut_loses_its_work_and_comes_back_with_the_network(
    fleets: MAKES_A_FLEET, island: Island, pager: PagerDutyStandIn
) -> None:
    with cluster(f"127.0.0.1,{island.shore}") as postgres:
        fleet = fleets(postgres.url)
        there = postgres.url.replace("127.0.0.1", island.shore)
        first = fleet.start(within=island.within, host=island.address, database=there)
        begins_a_walk(fleet, first)
        second = fleet.start()  # a page cannot leave the island, and is tried again from here
        island.cut()
        goes_on_without(fleet, first, second, MISSED_BY_THE_SERVER + MISSED)
        events = len(fleet.events(1))
        island.heal()
        comes_back(fleet, first)
        assert len(fleet.events(1)) <= events + 2  # the green window, and the page if it was late
        assert_told_once(fleet, pager, 2, paged=1)  # the island has no way to the pager
        fleet.close()


def begins_a_walk(fleet: Fleet, first: Replica) -> None:
    """The first replica, while it is the only one, has a walk that waits for somebody's yes."""
    assert first.tell([alert()]) == OK
    until(lambda: waiting(first))
    until(lambda: fleet.owner("walk:1") == first.process.pid)


def goes_on_without(fleet: Fleet, first: Replica, second: Replica, seconds: float) -> None:
    """Somebody says yes at the second, which finishes what the first began."""
    say_yes(second)
    until(lambda: fleet.owner("walk:1") != first.process.pid, seconds)
    until(lambda: status(fleet) == "Monitoring", MISSED)


def comes_back(fleet: Fleet, first: Replica) -> None:
    """The first takes alerts again, and they become an incident."""
    until(lambda: first.tell([alert("KioskShut", "fridge")]) == OK, 30)
    until(lambda: fleet.rows("SELECT count(*) FROM incident") == [(2,)])
    until(lambda: fleet.rows("SELECT count(*) FROM alert WHERE incident IS NULL") == [(0,)])


@contextmanager
def load(*replicas: Replica) -> Iterator[list[str]]:
    """Alerts to the replicas in turn, each sent until it is taken, as Alertmanager would; those that were."""
    enough = threading.Event()
    sent: list[str] = []

    def send() -> None:
        for n in count():
            one = alert("KioskShut", SERVICES[n % len(SERVICES)], pod=f"pod-{n}")
            for replica in (replicas[(n + turn) % len(replicas)] for turn in count()):
                if enough.is_set():
                    return
                if replica.tell([one]) == OK:
                    sent.append(one["labels"]["pod"])
                    break
                enough.wait(0.2)
            enough.wait(0.05)

    thread = threading.Thread(target=send, name="load")
    thread.start()
    try:
        yield sent
    finally:
        enough.set()
        thread.join()
