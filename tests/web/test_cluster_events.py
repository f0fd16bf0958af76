"""The rule: what the cluster says happened can be read between the lines of the timeline, when somebody asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fireline.core.runbook.match import Facts
from fireline.settings import Lanes, LaneSettings
from kube import Kube, story
from web.told import Told, served

PAGE = """# Till

## Till Down

**Alerts:** TillDown

**Diagnosis:**
```bash
# List the pods
kubectl get pods -n prod
```

**Resolution:**
1. Call the keeper
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "till.md").write_text(PAGE)
    return folder


def declared(told: Told) -> int:
    found = told.house.library.find(Facts(name="TillDown", labels={}, annotations={}))
    assert found
    deed = told.house.declare.deed(
        title="TillDown", text="", found=found, by="ana", source="alertmanager", service="till", values={}
    )
    return told.house.ledger.open(deed).number


@pytest.mark.req(135)
def test_events_of_the_cluster_stand_between_the_lines_of_the_timeline(shop: Path, tmp_path: Path, kube: Kube) -> None:
    cluster = kube.production.cluster
    lanes = Lanes(read=LaneSettings(environment=kube.environment("read")))
    with served(tmp_path, shop, lanes=lanes) as told, told.browser() as ana:
        number = declared(told)
        pod = story.pods(cluster, "checkout", "prod")[0]
        later = datetime.now(UTC) + timedelta(seconds=2)  # a cluster writes whole seconds
        cluster.now = lambda: later
        cluster.event(
            pod, "BackOff", "token=ghp_0123456789abcdefghijklmnopqrstuvwxyz is wrong", kind="Warning", count=3
        )
        assert f'href="/incidents/{number}/cluster"' in ana.get(f"/incidents/{number}").text
        page = ana.get(f"/incidents/{number}/cluster").text
        told_of = f"BackOff on pod {pod['metadata']['name']}, 3 times: token="
        assert told_of in page
        assert "ghp_0123456789" not in page
        assert page.index("BackOff on pod") < page.index("Scaled up replica set")
        assert "TillDown" in page[page.index("BackOff on pod") :]  # the incident began before that
        kube.production.fail_with = (503, "ServiceUnavailable", "no leader")
        page = ana.get(f"/incidents/{number}/cluster").text
        assert "is itself in trouble" in page
        assert "BackOff" not in page
