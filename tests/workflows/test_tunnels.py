"""A tunnel is open for so long and no longer, and survives nothing; what wants a terminal is handed out, not run."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from fireline import clock
from fireline.core import approval, command, lease
from fireline.core.events import HOUSE
from fireline.core.refusal import Refused
from fireline.house import House
from fireline.settings import AfterSettings, Lanes, LaneSettings
from kiosk import Open, resolve, until

# What stands for kubectl here holds its place as the real one does: it says where it listens, and stays.
KUBECTL = """#!/bin/bash
case "$*" in *port-forward*) ;; *) exit 1 ;; esac  # whoever asks it something else is not kept waiting
echo "Forwarding from 127.0.0.1:5432 -> 5432, token=abcdef0123456789abcdef0123456789"
sleep 300 &
echo $$ > .pid && mv .pid pid  # whole, or not there
echo $! > .child && mv .child child
wait
"""
FORWARD = "kubectl port-forward svc/postgres 5432:5432 -n prod"


@pytest.fixture
def lanes(street: Path, tmp_path: Path) -> Lanes:
    """Lanes whose PATH has a kubectl that stays."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "kubectl").write_text(KUBECTL)
    (folder / "kubectl").chmod(0o755)
    lane = LaneSettings(directory=str(street), path=f"{folder}:/usr/bin:/bin")
    return Lanes(read=lane, write=lane)


def alive(street: Path) -> bool:
    """The tunnel, or what it started, still runs."""
    pids = [int((street / name).read_text()) for name in ("pid", "child") if (street / name).exists()]
    return any(Path(f"/proc/{pid}").exists() and "Z" not in _state(pid) for pid in pids)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


def opened(house: House) -> lease.Lease:
    house.declare.by_person("Look into the database", by="ana")
    house.propose.text(1, FORWARD, reason="look at it with our own tool", by="ana")
    (ask,) = approval.asks(house.ledger.log(1))
    house.ledger.act(1, partial(approval.give, number=1, shown=ask.digest, by="ben"))
    until(lambda: lease.leases(house.ledger.log(1)))
    return lease.leases(house.ledger.log(1))[0]


def closed(house: House) -> str:
    until(lambda: lease.leases(house.ledger.log(1))[0].ended)
    ended = lease.leases(house.ledger.log(1))[0].ended
    assert ended
    return ended.why


@pytest.mark.req(134)
def test_it_ends_with_everything_it_started_when_its_time_is_over(open_house: Open, lanes: Lanes, street: Path) -> None:
    house = open_house(lanes=lanes, afterwards=AfterSettings(lease_minutes=0.05))
    opened(house)
    assert alive(street)
    assert closed(house) == "its time is over"
    until(lambda: not alive(street))
    until(lambda: house.ledger.read(1).runs["1.ask1"].finished)
    ended = house.ledger.read(1).runs["1.ask1"].finished
    assert ended
    said = house.evidence.read(ended.evidence)
    assert "Forwarding from 127.0.0.1:5432" in said
    assert "abcdef0123456789" not in said


@pytest.mark.req(134)
def test_a_person_closes_it_and_the_end_of_the_incident_does(open_house: Open, lanes: Lanes, street: Path) -> None:
    house = open_house(lanes=lanes)
    began = opened(house).began
    assert 29 < (began.until - began.at).total_seconds() / 60 < 31
    house.afterwards.tunnels.end(1, 1, by="ana")
    assert closed(house) == "ana ended it"
    assert not alive(street)
    with pytest.raises(Refused, match="closed already"):
        house.afterwards.tunnels.end(1, 1, by="ana")
    house.propose.text(1, FORWARD, reason="once more", by="ana")
    ask = approval.asks(house.ledger.log(1))[1]
    house.ledger.act(1, partial(approval.give, number=2, shown=ask.digest, by="ben"))
    until(lambda: len(lease.leases(house.ledger.log(1))) == 2)
    resolve(house)
    until(lambda: lease.leases(house.ledger.log(1))[1].ended)
    until(lambda: not alive(street))


HOLDER = """
import os, sys, threading
from pathlib import Path
from fireline.executor.lease import Leases
held = Leases()
path, folder = {"PATH": sys.argv[1]}, Path(sys.argv[2])
held.begin("r", "kubectl port-forward", environment=path, directory=folder, seconds=300, ended=print)
while not Path(sys.argv[2], "child").exists():
    threading.Event().wait(0.01)
os.kill(os.getpid(), 9)
"""


@pytest.mark.req(134)
def test_it_does_not_survive_whoever_holds_it_however_that_ends(lanes: Lanes, street: Path) -> None:
    subprocess.run([sys.executable, "-c", HOLDER, lanes.read.path, str(street)], timeout=30, check=False)
    until(lambda: not alive(street))


@pytest.mark.req(134)
def test_after_a_restart_it_is_said_that_it_is_closed(open_house: Open) -> None:
    first = open_house()
    first.declare.by_person("Look into the database", by="ana")
    first.ledger.act(1, partial(approval.ask, step="s", title="t", command=FORWARD, effect="local", rule="r",
                                reason="look", yes_needed=1, by="ana"))  # fmt: skip
    shown = approval.asks(first.ledger.log(1))[0].digest
    first.durable.close(grace=0)
    first.ledger.act(1, partial(approval.give, number=1, shown=shown, by="ben"))
    first.ledger.act(1, partial(command.start_approved, run="1.ask1", number=1, by=HOUSE))
    first.ledger.act(1, partial(lease.begin, run="1.ask1", command=FORWARD, minutes=30, by=HOUSE))
    first.close()
    second = open_house()
    assert closed(second) == "fireline was restarted, and no tunnel survives that"
    until(lambda: second.ledger.read(1).runs["1.ask1"].state == "interrupted")


@pytest.mark.req(134)
@pytest.mark.parametrize(
    ("text", "terminal"),
    [
        ("kubectl exec -it shop-1 -n prod -- /bin/bash", True),
        ("kubectl exec -ti shop-1 -- sh", True),
        ("kubectl exec --stdin --tty shop-1 -- bash", True),
        ("kubectl exec deploy/postgres -- psql -U shop -c 'SELECT 1'", False),
        ("kubectl exec -it deploy/redis -- redis-cli ping", False),
        ("kubectl get pods -n prod", False),
        ("bash -c 'true'", False),
    ],
)
def test_what_wants_a_terminal_is_known(text: str, *, terminal: bool) -> None:
    assert lease.wants_terminal(text) is terminal


@pytest.mark.req(134)
def test_what_wants_a_terminal_is_handed_out_to_be_copied(house: House) -> None:
    house.declare.by_person("Look into a pod", by="ana")
    with pytest.raises(Refused, match=r"Copy it: kubectl exec -it shop-1 -- /bin/bash"):
        house.propose.text(1, "kubectl exec -it shop-1 -- /bin/bash", reason="look around", by="ana")


def test_only_a_plain_port_forward_is_a_tunnel() -> None:
    assert lease.is_tunnel(FORWARD)
    assert not lease.is_tunnel(f"{FORWARD} && echo done")
    assert not lease.is_tunnel("echo port-forward")
    assert not lease.is_tunnel("kubectl 'unclosed")


def test_no_tunnel_is_longer_than_an_hour(house: House) -> None:
    house.declare.by_person("x", by="ana")
    log = house.ledger.log(1)
    began = lease.begin(log, clock.now(), run="r", command=FORWARD, minutes=600, by=HOUSE)
    assert (began.until - began.at).total_seconds() == 3600
