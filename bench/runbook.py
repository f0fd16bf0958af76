"""Eight looks of a runbook, as by hand and as fireline does them: 2 kubectl, 2 psql, 2 redis-cli, 2 curl.

    python bench/runbook.py                  # back ends that answer at once, then in 100 ms
    python bench/runbook.py --rounds 20

By hand is one process after another, no time for typing counted. fireline asks side by side over connections that
are open already, exactly as a diagnosis does (`workflows/warm.py`), its findings included. Both ask the same servers:
a PostgreSQL and a Redis of our own, a page server, and the stand-in Kubernetes of the tests, which run in processes
apart so that their work is nobody's. Redis answers at once in both. The exit code is 1 when a gate is broken.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess  # noqa: TID251  # by hand means processes
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from fireline.drills.world import free_ports, wait_until
from fireline.settings import Settings
from fireline.workflows.warm import Warm, clients
from peers import Missing, Postgres, folder, started
from workload import ROOT

AT_ONCE = 8  # as workflows/walk.py
DELAYS = (0.0, 0.1)  # seconds until a back end answers
# wall-clock and processor time, by hand over ours: what is promised, and what breaks a build. By delay.
LIMITS = {
    ("wall", 0.0): (12.0, 6.0),
    ("wall", 0.1): (6.0, 4.0),
    ("processor", 0.0): (10.0, 5.0),
    ("processor", 0.1): (10.0, 5.0),
}


def back_ends(where: Path, delay: float) -> None:
    """Serve the stand-in Kubernetes and a page, answering after `delay` seconds, until standard input ends."""
    sys.path.insert(0, str(ROOT / "tests"))
    from kube import kubeconfig  # noqa: PLC0415
    from kube.cluster import Cluster  # noqa: PLC0415
    from kube.schema import Schema  # noqa: PLC0415
    from kube.server import Door, Server  # noqa: PLC0415
    from kube.story import furnish  # noqa: PLC0415

    class Slow(Door):
        def _send(self, *answer: object) -> None:
            time.sleep(delay if "/namespaces/" in self.path else 0.0)  # what kubectl asks once and keeps is not slowed
            super()._send(*answer)  # type: ignore[arg-type]

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(delay)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok" if self.command == "GET" else b"")

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    certificate = where / "kube.pem"
    key, alone = where / "key.pem", where / "alone.pem"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=kube", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(alone)]
    subprocess.run(["openssl", "req", *kind, *name], check=True, capture_output=True)  # noqa: S603, S607
    certificate.write_text(alone.read_text() + key.read_text())
    kube = Server(Cluster(Schema.read(None)), str(certificate))
    kube.RequestHandlerClass = Slow
    furnish(kube.cluster)
    (where / "kubeconfig").write_text(kubeconfig({"production": kube}, "look", certificate))
    pages = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    print(json.dumps({"page": f"http://127.0.0.1:{pages.server_port}/health"}), flush=True)  # noqa: T201
    sys.stdin.read()


@contextmanager
def world(where: Path, postgres: Postgres, delay: float) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
    """The commands and the lane's environment, with everything behind them running."""
    place = where / f"{delay:g}"
    place.mkdir()
    port = free_ports(1)[0]
    redis = started(["redis-server", "--port", str(port), "--save", ""], where / "redis.log", where)
    behind = subprocess.Popen(  # noqa: S603
        [sys.executable, __file__, "--back-ends", str(place), "--delay", str(delay)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert behind.stdout
        page = json.loads(behind.stdout.readline())["page"]
        sleep = f", pg_sleep({delay})" if delay else ""
        commands = (
            "kubectl get pods -n prod",
            "kubectl get events -n prod",
            f"psql -c 'SELECT count(*) FROM pg_stat_activity{sleep}'",  # noqa: S608  # our own
            f"psql -c \"SELECT pid, query FROM pg_stat_activity{sleep} WHERE state = 'active'\"",  # noqa: S608
            f"redis-cli -p {port} ping",
            f"redis-cli -p {port} info memory",
            f"curl -sS --max-time 10 -I {page}",
            f"curl -fsS --max-time 10 {page}",
        )
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "KUBECONFIG": str(place / "kubeconfig"),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(postgres.port),
            "PGUSER": "bench",
            "PGDATABASE": "postgres",
            "HOME": str(place),
        }
        asks = ["redis-cli", "-p", str(port), "ping"]
        wait_until(lambda: subprocess.run(asks, capture_output=True, check=False).returncode == 0)  # noqa: S603
        yield commands, environment
    finally:
        redis.terminate()
        redis.wait(10)
        behind.communicate(timeout=10)


def by_hand(commands: tuple[str, ...], environment: dict[str, str]) -> None:
    """One process after another."""
    for command in commands:
        done = subprocess.run(["/bin/bash", "-c", command], env=environment, capture_output=True, check=False)  # noqa: S603
        if done.returncode:
            raise Missing(f"{command}: {done.stderr.decode()}")


def warmly(warm: Warm, commands: tuple[str, ...], environment: dict[str, str]) -> None:
    """All at once, over open connections."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for command, answer in zip(
            commands, pool.map(lambda one: warm.answer(one, environment, 30), commands), strict=True
        ):
            if answer is None or answer.exit_code:
                raise Missing(f"{command}: not answered warmly ({answer})")


def spent(deed: Callable[[], None]) -> tuple[float, float]:
    """Seconds of wall-clock and of processor time, children's included."""

    def used() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + children.ru_utime + children.ru_stime

    wall, processor = time.perf_counter(), used()
    deed()
    return time.perf_counter() - wall, used() - processor


def measure(rounds: int) -> dict[str, float]:
    """How many times faster and cheaper, by figure of goals.toml."""
    figures: dict[str, float] = {}
    with folder() as where:
        postgres = Postgres(where)
        for delay in DELAYS:
            with world(where, postgres, delay) as (commands, environment):
                warm = clients(Settings())
                hand, ours = [], []
                for n in range(rounds + 1):
                    pair = (
                        spent(partial(by_hand, commands, environment)),
                        spent(partial(warmly, warm, commands, environment)),
                    )
                    if n:  # the first round opens the connections, and kubectl's cache
                        hand.append(pair[0])
                        ours.append(pair[1])
                warm.close()
            for at, what in enumerate(("wall", "processor")):
                theirs, mine = (statistics.median(one[at] for one in many) for many in (hand, ours))
                figures[f"runbook {what}, {delay * 1000:.0f} ms"] = theirs / mine
                print(  # noqa: T201
                    f"{delay * 1000:3.0f} ms back ends, {what}: by hand {theirs * 1000:.0f} ms, "
                    f"fireline {mine * 1000:.1f} ms: {theirs / mine:.1f}x"
                )
    return figures


def main() -> int:
    """Measure, and judge."""
    reader = argparse.ArgumentParser()
    reader.add_argument("--rounds", type=int, default=10)
    reader.add_argument("--back-ends", type=Path)
    reader.add_argument("--delay", type=float, default=0.0)
    words = reader.parse_args()
    if words.back_ends:
        back_ends(words.back_ends, words.delay)
        return 0
    missing = [name for name in ("kubectl", "psql", "redis-server", "curl", "openssl") if shutil.which(name) is None]
    if missing:
        print(f"Not measured: {', '.join(missing)} not installed.")  # noqa: T201
        return 0
    figures = measure(words.rounds)
    broken = [
        f"{what} at {delay * 1000:.0f} ms"
        for (what, delay), (_, gate) in LIMITS.items()
        if figures[f"runbook {what}, {delay * 1000:.0f} ms"] < gate
    ]
    print(json.dumps({"results": figures, "broken": broken}))  # noqa: T201
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
