"""Pods are restarted one by one, as one ask that shows every command, and the service never has fewer than it needs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fireline.core import approval, rolling
from fireline.core.refusal import Refused
from fireline.settings import Lanes, LaneSettings
from kiosk import Open, until
from kube import Kube, story

PODS = ("shop-1", "shop-2", "shop-3")
ONE_BY_ONE = partial(rolling.one_by_one, "deployment/shop", namespace="prod", seconds=120)


@pytest.mark.req(71)
def test_the_sequence_waits_until_it_is_whole_again_and_ends_at_the_first_that_fails() -> None:
    assert ONE_BY_ONE(PODS[:2], ready=3) == (
        "kubectl delete pod shop-1 -n prod --wait=true --timeout=30s &&\n"
        "kubectl rollout status deployment/shop -n prod --timeout=30s &&\n"
        "kubectl delete pod shop-2 -n prod --wait=true --timeout=30s &&\n"
        "kubectl rollout status deployment/shop -n prod --timeout=30s"
    )


@pytest.mark.req(71)
@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"ready": 1}, "Scale up first"),
        ({"ready": 3, "minimum": 3}, "fewer than 3"),
        ({"ready": 3, "minimum": 0}, "Scale up first"),
        ({"ready": 3, "pods": ("api-1",)}, "api-1 is no pod of deployment/shop"),
        ({"ready": 3, "pods": ("shop-1; rm -rf /",)}, "is no pod of"),
        ({"ready": 3, "pods": ("shop-1", "shop-1")}, "each once"),
        ({"ready": 3, "pods": ()}, "Name 1 to 20"),
        ({"ready": 3, "namespace": "-n prod"}, "Name the namespace"),
        ({"ready": 9, "pods": tuple(f"shop-{n}" for n in range(9))}, "do not fit"),
    ],
)
def test_what_would_leave_too_few_or_is_no_pod_is_refused(wish: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match=says):
        rolling.one_by_one(
            "deployment/shop", wish.get("pods", PODS), namespace=wish.get("namespace", "prod"), ready=wish["ready"],
            minimum=wish.get("minimum", 1), seconds=120,
        )  # fmt: skip
    with pytest.raises(Refused, match="deployment/NAME"):
        rolling.one_by_one("shop", PODS, namespace="prod", ready=3, seconds=120)


def lanes(kube: Kube, street: Path) -> Lanes:
    """The lanes' own kubeconfigs."""
    read, write = (
        LaneSettings(
            directory=str(street), path="/usr/local/bin:/usr/bin:/bin", environment=kube.environment(lane), seconds=120
        )
        for lane in ("read", "write")
    )
    return Lanes(read=read, write=write)


@pytest.mark.req(71)
def test_three_pods_are_restarted_and_never_none_is_ready(open_house: Open, kube: Kube, street: Path) -> None:
    if kube.kubectl("version", "--client").returncode:
        pytest.skip("skipped: no kubectl")
    cluster = kube.production.cluster
    story.deployment(cluster, "shop", "prod", "shop:v1", replicas=3)
    until(lambda: ready(kube) == 3)
    before = [one["metadata"]["name"] for one in story.pods(cluster, "shop", "prod")]
    house = open_house(lanes=lanes(kube, street))
    house.declare.by_person("Memory grows", by="ana")
    house.restarts(
        1, workload="deployment/shop", namespace="prod", pods=tuple(before), minimum=1, reason="leak", by="ana"
    )
    (ask,) = approval.asks(house.ledger.log(1))
    for person in ("ben", "cleo")[: ask.asked.yes_needed]:
        house.ledger.act(1, partial(approval.give, number=1, shown=ask.digest, by=person))
    seen: list[int] = []

    def over() -> bool:
        seen.append(ready(kube))
        run = house.ledger.read(1).runs.get("1.ask1")
        return run is not None and run.finished is not None

    until(over, seconds=60)
    run = house.ledger.read(1).runs["1.ask1"]
    assert run.finished
    assert (run.state, house.evidence.read(run.finished.evidence).count("successfully rolled out")) == ("ok", 3)
    after = [one["metadata"]["name"] for one in story.pods(cluster, "shop", "prod")]
    assert len(after) == 3
    assert not set(before) & set(after)
    assert min(seen) >= 1


@pytest.mark.req(71)
def test_the_only_ready_pod_is_not_restarted(open_house: Open, kube: Kube, street: Path) -> None:
    if kube.kubectl("version", "--client").returncode:
        pytest.skip("skipped: no kubectl")
    story.deployment(kube.production.cluster, "shop", "prod", "shop:v1", replicas=1)
    until(lambda: ready(kube) == 1)
    house = open_house(lanes=lanes(kube, street))
    house.declare.by_person("Memory grows", by="ana")
    (pod,) = story.pods(kube.production.cluster, "shop", "prod")
    with pytest.raises(Refused, match="Scale up first"):
        house.restarts(
            1, workload="deployment/shop", namespace="prod", pods=(pod["metadata"]["name"],), minimum=1, reason="leak",
            by="ana",
        )  # fmt: skip
    assert not [one for one in kube.production.cluster.changes if "DELETE" in str(one).upper()]


def ready(kube: Kube) -> int:
    """How many pods of the shop are ready now."""
    told = kube.production.cluster.get("deployments", "prod", "shop").get("status", {})
    return int(told.get("readyReplicas", 0))
