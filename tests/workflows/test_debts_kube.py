"""The seed's stopgaps on a cluster: what was changed is listed with its way back, and the way back restores it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fireline import clock
from fireline.core import approval, debt, gate
from fireline.house import House
from kiosk import Open, until
from kube import Kube, story
from workflows.test_restarts import lanes


def agreed(house: House) -> None:
    """Everybody who has to says yes to what waits, and it has run."""
    ask = next(one for one in approval.asks(house.ledger.log(1)) if one.waiting(clock.now()))
    for person in ("ben", "cleo")[: ask.asked.yes_needed]:
        deed = partial(approval.give, number=ask.number, shown=ask.digest, by=person, typed=ask.asked.name or "")
        house.ledger.act(1, deed)
    run = f"1.ask{ask.number}"
    until(lambda: run in house.ledger.read(1).runs and house.ledger.read(1).runs[run].finished, seconds=60)
    assert house.ledger.read(1).runs[run].state == "ok"


def shop(kube: Kube) -> dict[str, Any]:
    found: dict[str, Any] = kube.production.cluster.get("deployments", "prod", "shop")["spec"]
    return found


def provider(kube: Kube) -> str:
    env = shop(kube)["template"]["spec"]["containers"][0].get("env", [])
    return next((str(one["value"]) for one in env if one["name"] == "PAYMENT_PROVIDER"), "")


@pytest.mark.req(66, 74, 75)
@pytest.mark.parametrize(
    ("command", "kind", "before", "after"),
    [
        ("kubectl scale deployment/shop --replicas=10 -n prod", "scale", (3, "main"), (10, "main")),
        ("kubectl set env deployment/shop PAYMENT_PROVIDER=backup -n prod", "environment", (3, "main"), (3, "backup")),
    ],
)
def test_a_stopgap_is_taken_back_by_the_way_back_that_was_kept(
    *,
    open_house: Open,
    kube: Kube,
    street: Path,
    command: str,
    kind: str,
    before: tuple[int, str],
    after: tuple[int, str],
) -> None:
    if kube.kubectl("version", "--client").returncode:
        pytest.skip("skipped: no kubectl")
    story.deployment(kube.production.cluster, "shop", "prod", "shop:v1", replicas=3, env={"PAYMENT_PROVIDER": "main"})
    house = open_house(lanes=lanes(kube, street))
    house.declare.by_person("Payments fail", by="ana")

    def stands() -> tuple[int, str]:
        return shop(kube)["replicas"], provider(kube)

    assert stands() == before
    house.propose.text(1, command, reason="the shop is overrun", by="ana")
    agreed(house)
    assert stands() == after
    until(lambda: debt.debts(house.ledger.log(1)))
    (one,) = debt.debts(house.ledger.log(1))
    assert (one.taken.kind, one.owner, one.state) == (kind, "ana", "open")
    assert one.taken.undo
    assert not next(each for each in gate.standings(house.ledger.log(1), clock.now()) if each.spec.key == "debts").open
    house.afterwards.take_back(1, 1, by="ana")
    agreed(house)
    assert stands() == before
    until(lambda: debt.debts(house.ledger.log(1))[0].state == "undone")
    assert len(debt.debts(house.ledger.log(1))) == 1  # what takes one back is none itself
