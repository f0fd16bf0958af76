"""The rule: a blank for a thing of a cluster is filled in from the live cluster, or the page says why it cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from fireline.connectors.kubernetes import Kubernetes
from fireline.connectors.postgres import Postgres
from fireline.core.question import kubectl, psql
from fireline.core.runbook import parse
from fireline.core.runbook.model import Command
from fireline.shell import parse as shell
from fireline.workflows.pick import Choices, Pick
from fireline.workflows.warm import Program, Warm
from kube import Kube, status, story

PAGE = """# Till

## Till Down

**Diagnosis:**
```bash
kubectl describe pod <failing-pod> -n prod
kubectl describe pod <failing-pod> -n <namespace>
kubectl rollout history deployment/<deployment> -n prod --context staging
psql -c "SELECT pg_cancel_backend(<PID>)"
```
"""


def command(text: str) -> Command:
    return next(one for one in parse(PAGE, path="till.md", shell=shell).commands if text in one.text)


@pytest.fixture
def pick(kube: Kube) -> Iterator[Pick]:
    client = Kubernetes()
    yield Pick(Warm({"kubectl": Program(kubectl.understand, client)}), kube.environment("read"))
    client.close()


@pytest.mark.req(47, 134)
def test_pods_are_offered_the_failing_ones_first(pick: Pick, kube: Kube) -> None:
    cluster = kube.production.cluster
    well, sick = (one["metadata"]["name"] for one in story.pods(cluster, "checkout", "prod"))
    cluster.become("prod", sick, status.crashing(cluster.get("pods", "prod", sick), cluster.now()))
    assert pick.offers(command("pod <failing-pod> -n prod"), {}) == {"failing_pod": Choices((sick, well))}


@pytest.mark.req(134)
def test_the_context_and_namespace_of_the_command_are_asked(pick: Pick, kube: Kube) -> None:
    story.deployment(kube.staging.cluster, "rehearsal", "prod", "till:2")
    offers = pick.offers(command("rollout history"), {})
    assert offers == {"deployment": Choices(("checkout", "rehearsal"))}
    offers = pick.offers(command("-n <namespace>"), {"namespace": "empty"})
    assert offers["failing_pod"] == Choices(why="The cluster has no pods there.")
    assert offers["namespace"].names == ("default", "prod")


@pytest.mark.req(134)
def test_sessions_are_offered_the_busy_ones_first_and_never_what_they_ask(postgres_url: str) -> None:
    client = Postgres(())
    pick = Pick(Warm({"psql": Program(psql.understand, client)}), {"PATH": "/usr/bin:/bin", "HOME": "/"})
    page = f"# Till\n\n## Stop\n\n```bash\npsql '{postgres_url}' -c \"SELECT pg_cancel_backend(<PID>)\"\n```\n"
    (stops,) = parse(page, path="till.md", shell=shell).commands
    with psycopg.connect(postgres_url, application_name="till") as till:
        till.execute("SELECT 'a secret basket'")
        offered = dict(pick.offers(stops, {})["pid"].offered)
        about = offered[str(till.info.backend_pid)]
    client.close()
    assert about.startswith("till · ")
    assert "idle in transaction" in about
    assert "basket" not in " ".join(offered.values())


def test_what_no_cluster_knows_is_left_to_people(pick: Pick) -> None:
    assert pick.offers(command("pg_cancel_backend"), {}) == {"pid": Choices()}


@pytest.mark.req(134)
def test_a_cluster_in_trouble_offers_nothing_and_says_why(pick: Pick, kube: Kube) -> None:
    kube.production.fail_with = (503, "ServiceUnavailable", "no leader")
    offers = pick.offers(command("-n <namespace>"), {})
    assert {one.names for one in offers.values()} == {()}
    assert all("is itself in trouble" in one.why for one in offers.values())
    assert len(kube.production.cluster.requests) == 1


def test_a_hanging_cluster_holds_the_page_for_two_seconds_once(pick: Pick, kube: Kube) -> None:
    kube.production.hang.set()
    offers = pick.offers(command("-n <namespace>"), {})
    assert all("did not answer in time" in one.why for one in offers.values())


def test_without_a_kubeconfig_the_page_says_so(tmp_path: Path) -> None:
    client = Kubernetes()
    pick = Pick(Warm({"kubectl": Program(kubectl.understand, client)}), {"HOME": str(tmp_path)})
    assert pick.offers(command("pod <failing-pod> -n prod"), {})["failing_pod"].why == (
        "The cluster cannot be asked from here: no kubeconfig, or more than one."
    )
    assert Pick(Warm(), {}).offers(command("pod <failing-pod> -n prod"), {}) == {"failing_pod": Choices()}
