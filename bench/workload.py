"""Alerts as the monitoring of a shop would send them, made from a seed: the same bytes on every machine.

    python bench/workload.py                # make the files of a full run under .bench/workload, print their sums

Two wires: `api` is what Prometheus posts to `/api/v2/alerts` (at most 64 alerts a request, the end of each some
minutes away and moved on with every re-send), `webhook` is what Alertmanager posts (version 4, without an end while
it fires). An alert is about 930 bytes with nine labels. Alerts of one fault follow each other, as one rule's do.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

Wire = Literal["api", "webhook"]

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / ".bench"
SEED = 20
PODS = 25  # alerts of one fault: every pod of a service in one region
BEGAN = "2025-03-01T09:%02d:%02d.%03dZ"
ENDS = "2037-03-01T10:00:00.000Z"  # in whose place `wave` puts a later minute
NEVER = "0001-01-01T00:00:00Z"  # the end of a firing alert in a webhook
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1", "ap-south-1")
SERVICES = (
    "checkout", "cart", "catalogue", "search", "payments", "invoices", "stock", "shipping", "returns", "accounts",
    "sessions", "reviews", "prices", "vouchers", "mailer", "images", "gateway", "ledger", "reports", "tracking",
)  # fmt: skip
RULES = (
    ("CheckoutErrorsHigh", "answers more than 5 % of its requests with an error"),
    ("LatencyAboveObjective", "needs longer than its objective for the slowest hundredth of its requests"),
    ("ReplicasUnavailable", "has fewer replicas ready than it was deployed with"),
    ("ContainerRestartsOften", "was restarted more than three times in a quarter of an hour"),
    ("VolumeFillsUp", "will have filled its volume within four hours if it goes on like this"),
    ("ConnectionPoolExhausted", "waits for a connection to its database longer than a second"),
    ("QueueGrows", "takes less out of its queue than comes in"),
    ("CertificateExpires", "serves a certificate that is good for less than two weeks"),
    ("ReplicationLags", "reads from a replica that is more than a minute behind"),
    ("TargetUnreachable", "has not been scraped for five minutes"),
    ("MemoryNearLimit", "uses more than nine tenths of the memory it may have"),
)


@dataclass(frozen=True, slots=True)
class Workload:
    """A file of request bodies, one a line: `count` different alerts in batches of `batch`."""

    path: Path
    wire: Wire
    batch: int
    count: int
    sha256: str

    def bodies(self, wave: int = 0) -> list[bytes]:
        """The bodies of the `wave`-th sending, the first being 0: the same alerts, promised until a later minute."""
        later = ENDS.replace("10:00", f"{10 + wave // 60:02d}:{wave % 60:02d}")
        return [line.replace(ENDS.encode(), later.encode()) for line in self.path.read_bytes().splitlines()]


def workload(wire: Wire, batch: int, count: int, folder: Path = WORK / "workload") -> Workload:
    """The file for these, made if it is not there yet. The last batch is smaller when `count` does not divide."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{wire}-{batch}-{count}-{SEED}.jsonl"
    made = b"".join(body + b"\n" for body in _bodies(wire, batch, count))
    digest = hashlib.sha256(made).hexdigest()
    if not path.exists() or path.read_bytes() != made:
        path.write_bytes(made)
    return Workload(path, wire, batch, count, digest)


def alert(number: int, wire: Wire) -> dict[str, Any]:
    """The `number`-th alert, the same for every batch size."""
    dice = random.Random(f"{SEED}:{number}")  # noqa: S311  # reproducible, not secret
    fault = number // PODS
    rule, trouble = RULES[fault % len(RULES)]
    service = SERVICES[fault // len(RULES) % len(SERVICES)]
    region = REGIONS[fault // len(RULES) // len(SERVICES) % len(REGIONS)]
    pod = f"{service}-{dice.getrandbits(40):010x}-{number:06d}"
    what = {
        "labels": {
            "alertname": rule,
            "cluster": f"shop-{region}-{number % 3}",
            "container": service,
            "instance": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:8080",
            "job": f"kubernetes/shop-{service}",
            "namespace": f"shop-{service}",
            "pod": pod,
            "service": service,
            "severity": "critical" if fault % 4 == 0 else "warning",
        },
        "annotations": {
            "summary": f"{service} in {region} {trouble}",
            "description": f"Pod {pod} of {service} {trouble}. It stands at {dice.random() * 100:.4f} now, and has been"
            " above its limit for ten minutes. See the board first; if it is all pods, it is not this pod.",
            "runbook_url": f"https://runbooks.shop.example/{service}#{rule}",
        },
        "startsAt": BEGAN % (number // 60 % 60, number % 60, number % 1000),
        "endsAt": ENDS if wire == "api" else NEVER,
        "generatorURL": "https://prometheus.shop.example/graph?g0.tab=1&g0.expr=job%3Arequest_errors%3Aratio5m%7B"
        f"service%3D%22{service}%22%2Cregion%3D%22{region}%22%7D+%3E+0.05",
    }
    if wire == "webhook":
        labels = msgspec.json.encode(what["labels"], order="sorted")
        what |= {"status": "firing", "fingerprint": hashlib.blake2b(labels, digest_size=8).hexdigest()}
    return what


def pod_of(number: int) -> str:
    """The label that tells the `number`-th alert from all others."""
    found: str = alert(number, "api")["labels"]["pod"]
    return found


def _bodies(wire: Wire, batch: int, count: int) -> Iterator[bytes]:
    for start in range(0, count, batch):
        alerts = [alert(number, wire) for number in range(start, min(start + batch, count))]
        yield msgspec.json.encode(alerts if wire == "api" else _webhook(alerts))


def _webhook(alerts: list[dict[str, Any]]) -> dict[str, Any]:
    """A v4 body: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config."""
    group = {name: alerts[0]["labels"][name] for name in ("alertname", "service")}
    key = ", ".join(f'{name}="{value}"' for name, value in group.items())
    return {
        "version": "4",
        "groupKey": f"{{}}:{{{key}}}",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "fireline",
        "groupLabels": group,
        "commonLabels": group,
        "commonAnnotations": {},
        "externalURL": "https://alertmanager.shop.example",
        "alerts": alerts,
    }


def main() -> int:
    """Make every file of a full run."""
    wires: tuple[Wire, ...] = ("api", "webhook")
    for count in (1_000, 20_000, 100_000):
        for wire in wires:
            for batch in (1, 10, 64, 500):
                made = workload(wire, batch, count)
                print(f"{made.sha256}  {made.path.relative_to(ROOT)}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
