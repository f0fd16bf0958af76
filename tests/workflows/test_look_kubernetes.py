"""The rule: a look at a cluster is asked warmly in the read lane; what ran, and what to read first, is kept with it."""

from __future__ import annotations

import pytest

from fireline.core.incident import Run
from fireline.house import House
from fireline.settings.databases import WarmSettings
from kiosk import until
from kube import Kube, status, story
from workflows.shop import OpenShop, ask, open_shop

__all__ = ["open_shop"]


def looked(house: House, text: str) -> Run:
    """Ana looks; the run when it is over."""
    ask(house, text)
    until(lambda: all(run.finished for run in house.ledger.read(1).runs.values()) and house.ledger.read(1).runs)
    return list(house.ledger.read(1).runs.values())[-1]


@pytest.mark.req(46, 48)
def test_a_look_is_kept_with_what_ran_and_what_to_read_first(open_shop: OpenShop, kube: Kube) -> None:
    cluster = kube.production.cluster
    pod = story.pods(cluster, "checkout", "prod")[0]
    name = pod["metadata"]["name"]
    cluster.become("prod", name, status.crashing(pod, cluster.now(), reason="OOMKilled", exit_code=137))
    cluster.before["prod", name, "app"] = ["login with password=hunter2hunter2", "java.lang.OutOfMemoryError"]
    house = open_shop()
    done = looked(house, "kubectl get pods -n prod").finished
    assert done
    assert done.ending == "ok"
    assert done.ran.startswith(f"GET {kube.production.url}/api/v1/namespaces/prod/pods?")
    assert done.findings[0] == "1 of 2 pods is not ready."
    assert done.findings[1].startswith(f"{name}: CrashLoopBackOff: container app was OOMKilled")
    assert house.evidence.read(done.evidence).splitlines()[1].startswith(name)
    assert cluster.changes == []


@pytest.mark.req(48)
def test_secrets_in_lines_are_masked_as_those_of_a_process_are(open_shop: OpenShop, kube: Kube) -> None:
    cluster = kube.production.cluster
    name = story.pods(cluster, "checkout", "prod")[0]["metadata"]["name"]
    cluster.say("prod", name, "ERROR login with password=hunter2hunter2 failed")
    done = looked(open_shop(), f"kubectl logs {name} -n prod -c app --tail=100").finished
    assert done
    assert (done.masked, "hunter2" in " ".join(done.findings)) == (1, False)
    assert "ERROR login" in done.findings[0]


def test_a_look_that_is_not_understood_runs_as_the_program(open_shop: OpenShop, kube: Kube) -> None:
    kube.kubectl("version")  # or skip
    done = looked(open_shop(), "kubectl get pods -n prod --chunk-size=10 -o yaml").finished
    assert done
    assert (done.ending, done.ran) == ("ok", "")


@pytest.mark.req(46, 60)
@pytest.mark.parametrize("form", [" | grep app | head -n 1", " -o json", " --no-headers -o=yaml | wc -l"])
def test_a_look_in_another_form_runs_as_the_program_and_says_what_to_read_first(
    open_shop: OpenShop, kube: Kube, form: str
) -> None:
    kube.kubectl("version")  # or skip
    cluster = kube.production.cluster
    pod = story.pods(cluster, "checkout", "prod")[0]
    name = pod["metadata"]["name"]
    cluster.become("prod", name, status.crashing(pod, cluster.now(), reason="OOMKilled", exit_code=137))
    house = open_shop()
    done = looked(house, f"kubectl get pods -n prod{form}").finished
    assert done
    assert done.findings[1].startswith(f"{name}: CrashLoopBackOff: container app was OOMKilled")
    assert done.ran.startswith(f"the command itself, and for what was found: GET {kube.production.url}/api/v1/")
    printed = house.evidence.read(done.evidence)
    assert ("apiVersion" in printed, "NAME" in printed) == ("json" in form, False)


def test_a_house_that_asks_nothing_warmly_runs_the_program(open_shop: OpenShop, kube: Kube) -> None:
    kube.kubectl("version")  # or skip
    done = looked(open_shop(warm=WarmSettings(programs=())), "kubectl get pods -n prod").finished
    assert done
    assert (done.ending, done.ran) == ("ok", "")
