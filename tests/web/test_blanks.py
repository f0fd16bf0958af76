"""The rule: a blank is asked for with what is known of it filled in already, and with where else to look."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fireline.core import approval
from fireline.core.runbook.match import Facts
from web.told import Told, served

PAGE = """# Till

## Till Down

**Alerts:** TillDown

**Diagnosis:**
```bash
# List the pods
kubectl get pods -n shop

# Look at the pod
kubectl describe pod <failing-pod> -n shop
```

**Resolution:**
1. Throw the pod away
   ```bash
   kubectl delete pod <failing-pod> -n <namespace>
   ```
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "till.md").write_text(PAGE)
    return folder


def test_the_page_of_an_incident_and_of_its_runbook_show_the_commit_it_began_with(shop: Path, tmp_path: Path) -> None:
    head = shop / ".git" / "HEAD"
    head.parent.mkdir()
    head.write_text("c0ffee" + "0" * 34)
    with served(tmp_path, shop) as told:
        number = declared(told)
        head.write_text("deadbeef" + "0" * 32)
        with told.browser() as ana:
            for path in (f"/incidents/{number}", f"/incidents/{number}/runbook"):
                page = ana.get(path).text
                assert ">c0ffee0<" in page
                assert "deadbee" not in page


def declared(told: Told, **values: str) -> int:
    found = told.house.library.find(Facts(name="TillDown", labels={}, annotations={}))
    assert found
    deed = told.house.declare.deed(
        title="TillDown", text="", found=found, by="ana", source="alertmanager", service="till", values=values
    )
    return told.house.ledger.open(deed).number


def field(page: str, name: str) -> str:
    """The input of this blank with the words about it."""
    found = re.search(rf'<input[^>]*name="value\.{name}".*?</p>(?:<p[^>]*>.*?</p>)?', page, re.DOTALL)
    assert found, page
    return found[0]


def test_a_label_fills_the_field_and_a_list_above_is_named(shop: Path, tmp_path: Path) -> None:
    with served(tmp_path, shop) as told:
        number = declared(told, pod="till-7", namespace="shop")
        with told.browser() as ana:
            page = ana.get(f"/incidents/{number}").text
            assert 'value="till-7"' in field(page, "failing_pod")
            assert "Write over it" in field(page, "failing_pod")
            bare = declared(told)
            asks = field(ana.get(f"/incidents/{bare}").text, "failing_pod")
            assert 'value=""' in asks
            assert "what line 10 prints: kubectl get pods -n shop" in asks
            key = told.house.library.runbooks[0].scenarios[0].resolution[0].commands[0].key
            wish = {"step": key, "reason": "It hangs", "value.failing_pod": "till-8", "value.namespace": "shop"}
            assert ana.post(f"/incidents/{number}/approvals", data=wish).status_code == 303
        asked = approval.asks(told.house.ledger.log(number))[-1].asked
        assert asked.command == "kubectl delete pod till-8 -n shop"
