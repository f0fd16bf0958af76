"""Redis is looked at as it is: refused, hanging, out of memory, a replica and a wrong password are not the same."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from fireline.connectors.redis import Redis
from fireline.core.question import Answer, Unusable, redis_cli
from fireline.drills.world import wait_until
from servers import free_port

LANE = {"PATH": "/usr/bin:/bin"}


class Start(Protocol):
    """Starts a redis-server: its port and its process."""

    def __call__(self, *settings: str) -> tuple[int, subprocess.Popen[bytes]]: ...


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts Redis servers of one's own; they are gone afterwards, stopped ones too."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("skipped: no redis-server (package redis-server)")
    with ExitStack() as after:

        def start_(*settings: str) -> tuple[int, subprocess.Popen[bytes]]:
            port = free_port()
            folder = tmp_path / str(port)
            folder.mkdir()
            args = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
            server = subprocess.Popen([*args, *settings], stdout=subprocess.DEVNULL)
            after.callback(server.wait, 10)
            after.callback(server.kill)  # which ends a stopped one, too
            assert wait_until(lambda: _listens(port))
            return port, server

        yield start_


@pytest.fixture
def redis() -> Iterator[Redis]:
    """A client that waits for a third of a second."""
    client = Redis(patience=0.3)
    yield client
    client.close()


def _listens(port: int) -> bool:
    with socket.socket() as door:
        return door.connect_ex(("127.0.0.1", port)) == 0


def ask(client: Redis, port: int, *args: str, **environment: str) -> Answer:
    question = redis_cli.understand(("redis-cli", "-p", str(port), *args), LANE | environment)
    assert question is not None
    return client.answer(question, 5)


def tell(port: int, *args: str) -> str:
    done = subprocess.run(["redis-cli", "-p", str(port), *args], capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.strip()


@pytest.mark.req(128)
def test_a_well_redis_says_what_it_is_and_how_full(redis: Redis, start: Start) -> None:
    port, _ = start("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru")
    found = ask(redis, port, "ping")
    assert (found.output, found.exit_code) == ("PONG\n", 0)
    assert f"at 127.0.0.1:{port} answers, as master with 0 replicas." in found.findings[0]
    assert "of 64 MiB used (" in found.findings[1]
    assert found.findings[1].endswith("allkeys-lru.")


@pytest.mark.req(128)
def test_one_that_is_not_running_refuses(redis: Redis, start: Start) -> None:
    port, server = start()
    assert ask(redis, port, "ping").exit_code == 0
    server.terminate()
    server.wait(10)
    found = ask(redis, port, "ping")
    assert found.output == f"Could not connect to Redis at 127.0.0.1:{port}: Connection refused\n"
    assert found.exit_code == 1
    assert found.findings == (f"Nothing listens at 127.0.0.1:{port}: Redis is not running there.",)


@pytest.mark.req(128)
def test_one_that_is_stopped_hangs_for_old_and_new_connections(redis: Redis, start: Start) -> None:
    port, server = start("--requirepass", "hunter2hunter2")
    assert ask(redis, port, "ping", REDISCLI_AUTH="hunter2hunter2").exit_code == 0
    server.send_signal(signal.SIGSTOP)
    kept = ask(redis, port, "ping", REDISCLI_AUTH="hunter2hunter2")
    fresh = ask(redis, port, "info", "memory")
    greeted = ask(redis, port, "-n", "1", "ping", REDISCLI_AUTH="hunter2hunter2")
    for found in (kept, fresh, greeted):
        assert found.exit_code == 1
        assert found.findings[0].endswith("it hangs.")
    server.send_signal(signal.SIGCONT)
    assert wait_until(lambda: ask(redis, port, "ping", REDISCLI_AUTH="hunter2hunter2").exit_code == 0)


@pytest.mark.req(128)
def test_one_whose_memory_is_full_says_that_it_refuses_writes(redis: Redis, start: Start) -> None:
    port, _ = start()
    for n in range(10):
        tell(port, "set", f"basket{n}", "x" * 50_000)
    tell(port, "config", "set", "maxmemory", "1mb")  # less than it needs for itself
    assert "OOM" in tell(port, "set", "basket10", "x")
    found = ask(redis, port, "info", "memory")
    assert found.output.startswith("# Memory\r\nused_memory:")
    assert found.findings[0].startswith("Out of memory: ")
    assert found.findings[0].endswith("of 1 MiB used, and noeviction: writes are refused (OOM, 1 so far).")


@pytest.mark.req(128)
def test_a_replica_says_so_and_whether_its_master_is_there(redis: Redis, start: Start) -> None:
    master, server = start()
    port, _ = start("--replicaof", "127.0.0.1", str(master))
    assert wait_until(lambda: "the link is up" in ask(redis, port, "role").findings[0])
    assert ask(redis, port, "ping").findings[0].endswith("it takes no writes (READONLY).")
    assert "with 1 replicas" in ask(redis, master, "ping").findings[0]
    server.kill()
    assert wait_until(lambda: "the link is down for" in ask(redis, port, "ping").findings[0])


@pytest.mark.req(128)
def test_no_password_a_wrong_one_and_too_few_rights_are_told_apart(redis: Redis, start: Start) -> None:
    port, _ = start("--requirepass", "hunter2hunter2")
    none = ask(redis, port, "info")
    assert none.output == "NOAUTH Authentication required.\n"
    assert "wants a password" in none.findings[0]
    wrong = ask(redis, port, "info", REDISCLI_AUTH="guess")
    assert wrong.output.startswith("AUTH failed: WRONGPASS")
    assert "does not take the read lane's password" in wrong.findings[0]
    tell(port, "-a", "hunter2hunter2", "acl", "setuser", "ana", "on", ">letmein123", "+ping", "+client")
    few = ask(redis, port, "--user", "ana", "-a", "letmein123", "dbsize")
    assert few.output.startswith("NOPERM")
    assert "does not let the read lane's user ask this (ACL)" in few.findings[0]
    alive = ask(redis, port, "--user", "ana", "-a", "letmein123", "ping")
    assert (alive.output, alive.findings) == ("PONG\n", ())


def test_a_password_where_none_is_wanted_is_left_to_redis_cli_which_goes_on_without(redis: Redis, start: Start) -> None:
    port, _ = start()
    with pytest.raises(Unusable):
        ask(redis, port, "ping", REDISCLI_AUTH="guess")


def test_a_redis_that_takes_no_more_clients_says_so(redis: Redis, start: Start) -> None:
    port, _ = start("--maxclients", "1")
    with ExitStack() as held:

        def taken() -> bool:
            other = held.enter_context(socket.create_connection(("127.0.0.1", port)))
            other.sendall(b"PING\r\n")
            return other.recv(100) == b"+PONG\r\n"

        assert wait_until(taken)  # the look whether it listens has to be forgotten first
        found = ask(redis, port, "ping")
        assert "maxclients" in found.findings[0]


def test_an_address_of_the_settings_is_asked_instead_of_the_pod(redis: Redis, start: Start) -> None:
    port, _ = start("--requirepass", "hunter2hunter2")
    question = redis_cli.understand(("redis-cli", "dbsize"), {})
    assert question is not None
    direct = redis_cli.directly(question, f"redis://:hunter2hunter2@127.0.0.1:{port}/0")
    assert direct is not None
    found = redis.answer(direct, 5)
    assert found.output == "0\n"
    assert "hunter2" not in found.ran + "".join(found.findings)


def test_nothing_is_asked_of_a_name_that_does_not_resolve(redis: Redis) -> None:
    question = redis_cli.understand(("redis-cli", "-h", "no.such.host.invalid", "ping"), LANE)
    assert question is not None
    found = redis.answer(question, 5)
    assert found.findings == ("The host of no.such.host.invalid:6379 is a name that does not resolve.",)


@pytest.mark.parametrize(
    "args",
    [
        ("ping",),
        ("config", "get", "maxmemory"),
        ("config", "get", "no-such"),
        ("slowlog", "get", "2"),
        ("slowlog", "len"),
        ("dbsize",),
        ("get", "basket"),
        ("get", "none"),
        ("get",),
        ("type", "basket"),
        ("llen", "basket"),
        ("role",),
        ("memory", "doctor"),
        ("latency", "latest"),
        ("cluster", "info"),
        ("info", "replication"),
        ("command", "count"),
    ],
)
def test_the_output_is_what_redis_cli_prints(redis: Redis, start: Start, args: tuple[str, ...]) -> None:
    port, _ = start("--slowlog-log-slower-than", "-1")
    tell(port, "set", "basket", "plums")
    said = subprocess.run(["redis-cli", "-p", str(port), *args], capture_output=True, check=False)
    found = ask(redis, port, *args)
    assert (found.output, found.exit_code) == (said.stdout.decode(), said.returncode)
