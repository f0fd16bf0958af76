"""What changed before an incident began is one question to the API."""

from __future__ import annotations

from datetime import timedelta

from api.caller import Caller
from fireline.clock import now
from fireline.core.deploy import Deploy
from fireline.house import House


def test_changes_of_the_service_stand_apart_from_others(house: House, ana: Caller, nobody: Caller) -> None:
    for service, minutes in (("checkout", 90), ("search", 5), ("search", 600)):
        at = now() - timedelta(minutes=minutes)
        key = f"{service}{minutes}"
        house.deploys.keep(Deploy(key=key, at=at, kind="push", source="github", service=service, title="Carts"))
    number = house.declare.by_person("Nobody can pay", by="ana", service="Checkout").number
    found = ana.get(f"/api/v1/incidents/{number}/changes").json()
    assert (found["hours"], found["service"]) == (6.0, "Checkout")
    assert [one["key"] for one in found["of_service"]] == ["checkout90"]
    assert [one["key"] for one in found["others"]] == ["search5"]
    assert ana.get("/api/v1/incidents/99/changes").status_code == 404
    assert nobody.get(f"/api/v1/incidents/{number}/changes").status_code == 401
