"""The rule: a step's blanks can be filled in on a page of their own with what the live cluster has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fireline.core import approval
from fireline.core.runbook.match import Facts
from fireline.settings import Lanes, LaneSettings
from kube import Kube, story
from web.told import Told, served

PAGE = """# Till

## Till Down

**Alerts:** TillDown

**Diagnosis:**
```bash
# Look at the pod
kubectl describe pod <failing-pod> -n prod
```

**Resolution:**
1. Throw the pod away
   ```bash
   kubectl delete pod <failing-pod> -n prod
   ```
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


@pytest.mark.req(47, 134)
def test_a_pod_is_chosen_from_the_cluster_and_asked_for(shop: Path, tmp_path: Path, kube: Kube) -> None:
    lanes = Lanes(**{name: LaneSettings(environment=kube.environment(name)) for name in ("read", "write")})
    with served(tmp_path, shop, lanes=lanes) as told:
        number = declared(told)
        pods = [one["metadata"]["name"] for one in story.pods(kube.production.cluster, "checkout", "prod")]
        with told.browser() as ana:
            page = ana.get(f"/incidents/{number}").text
            link = re.search(rf'href="(/incidents/{number}/choices/[^"]+)">Choose from the cluster', page)
            assert link, page
            form = ana.get(link[1]).text
            assert re.findall(r'<option value="([^"]+)"', form) == pods
            fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
            asked = ana.post(
                f"/incidents/{number}/approvals",
                data=fields | {"value.failing_pod": pods[0], "reason": "it hangs"},
            )
            assert asked.status_code == 303
            last = approval.asks(told.house.ledger.log(number))[-1].asked
            assert (last.command, last.by) == (f"kubectl delete pod {pods[0]} -n prod", "ana")
            assert ana.get(f"/incidents/{number}/choices/nothing").status_code == 404


@pytest.mark.req(134)
def test_a_cluster_that_cannot_say_leaves_a_field_and_the_reason(shop: Path, tmp_path: Path, kube: Kube) -> None:
    kube.production.fail_with = (503, "ServiceUnavailable", "no leader")
    lanes = Lanes(read=LaneSettings(environment=kube.environment("read")))
    with served(tmp_path, shop, lanes=lanes) as told, told.browser() as ana:
        number = declared(told)
        page = ana.get(f"/incidents/{number}").text
        link = re.search(rf'href="(/incidents/{number}/choices/[^"]+)"', page)
        assert link
        form = ana.get(link[1]).text
        assert "is itself in trouble" in form
        assert '<input class="field mono" id="choice-failing_pod"' in form
