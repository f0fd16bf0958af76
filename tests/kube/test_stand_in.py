"""The rule: the stand-in cluster answers the real kubectl as a real one does, and is no softer."""

from __future__ import annotations

import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from kube import Kube, story
from kube.schema import Schema

NO_RIGHT = 'is forbidden: User "reader" cannot'


def test_the_suite_of_kubectl_commands_runs_against_it(kube: Kube, shared: Path, tmp_path: Path) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("skipped: no kubectl, so the stand-in was not compared with what it has to answer")
    done = subprocess.run(
        ["bash", str(shared / "data/kubectl-suite.sh")],
        env=kube.environment("write") | {"TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    parts = done.stdout.split("$ kubectl ")[1:]
    assert len(parts) > 30
    assert [part.split("\n")[0] for part in parts if "rc=0" not in part] == [], done.stdout
    assert "checkout:v1 envoy:1" in next(part for part in parts if "rollout undo" in parts[parts.index(part) - 1])
    assert "app sidecar" in next(part for part in parts if "patch deploy" in parts[parts.index(part) - 1])


@pytest.mark.parametrize(
    "change",
    [
        "scale deploy/checkout --replicas=5",
        "rollout restart deploy/checkout",
        "rollout undo deploy/checkout",
        "set env deploy/checkout A=2",
        "annotate deploy checkout a=b",
        "label node n1 a=b",
        "delete deploy checkout",
    ],
)
def test_the_read_lane_may_change_nothing(kube: Kube, change: str) -> None:
    said = kube.kubectl(*change.split())
    assert (said.returncode, NO_RIGHT in said.stderr) == (1, True), said.stderr
    assert kube.production.cluster.changes == []


@pytest.mark.parametrize("look", ["get secrets", "exec deploy/checkout -c app -- date"])
def test_the_read_lane_sees_no_secrets_and_starts_nothing(kube: Kube, look: str) -> None:
    said = kube.kubectl(*look.split())
    assert said.returncode != 0
    assert "forbidden" in said.stderr.lower()


@pytest.mark.parametrize(
    ("patch", "fault"),
    [
        ('{"spec":{"template":{"spec":{"containers":[{"name":"app","env":[]}]}}}}', "containers[0].image: Required"),
        ('{"spec":{"template":{"spec":{"containers":[{"image":"x:1"}]}}}}', "containers[0].name: Required"),
        ('{"spec":{"template":{"spec":null}}}', "containers: Required value"),
        ('{"spec":{"selector":null}}', "spec.selector"),
        ('{"spec":{"replicas":"many"}}', "must be of type integer"),
        ('{"spec":{"template":{"metadata":{"labels":{"app":"other"}}}}}', "does not match template"),
    ],
)
def test_a_patch_that_takes_away_what_is_required_is_refused(kube: Kube, patch: str, fault: str) -> None:
    before = kube.production.cluster.get("deployments", "prod", "checkout")["spec"]
    said = kube.kubectl("patch", "deploy", "checkout", "--type=merge", "-p", patch, lane="write")
    assert said.returncode == 1
    assert 'The Deployment "checkout" is invalid' in said.stderr
    assert fault in said.stderr
    assert kube.production.cluster.get("deployments", "prod", "checkout")["spec"] == before
    assert kube.production.cluster.changes == []


@pytest.mark.parametrize(
    "change",
    [
        "scale deploy/checkout --replicas=5",
        "set env deploy/checkout A=2",
        "set image deploy/checkout app=checkout:v9",
        "rollout undo deploy/checkout",
        "delete deploy checkout",
        "label deploy checkout a=b",
    ],
)
def test_a_dry_run_of_the_server_changes_nothing(kube: Kube, change: str) -> None:
    cluster = kube.production.cluster
    before = cluster.version
    said = kube.kubectl(*change.split(), "--dry-run=server", lane="write")
    assert (said.returncode, "(server dry run)" in said.stdout) == (0, True), said.stderr
    assert (cluster.version, cluster.changes) == (before, [])


def test_a_deleted_pod_comes_back_under_another_name(kube: Kube) -> None:
    cluster = kube.production.cluster
    gone = story.pods(cluster, "checkout", "prod")[0]["metadata"]["name"]
    assert kube.kubectl("delete", "pod", gone, lane="write").returncode == 0
    names = [one["metadata"]["name"] for one in story.pods(cluster, "checkout", "prod")]
    assert (len(names), gone in names) == (2, False)
    assert [one.method for one in cluster.changes] == ["DELETE"]


def test_a_pod_of_a_stateful_set_comes_back_under_its_own(kube: Kube) -> None:
    cluster = kube.production.cluster
    story.deployment(cluster, "db", "prod", "postgres:15", kind="StatefulSet", replicas=2)
    first = cluster.get("pods", "prod", "db-0")["metadata"]["uid"]
    assert kube.kubectl("rollout", "restart", "statefulset/db", lane="write").returncode == 0
    assert cluster.get("pods", "prod", "db-0")["metadata"]["uid"] != first
    assert "2" in kube.kubectl("rollout", "history", "sts/db").stdout.split()


def test_a_broken_image_stops_half_way_and_the_old_pods_go_on(kube: Kube) -> None:
    cluster = kube.production.cluster
    story.deployment(cluster, "till", "prod", "till:1", replicas=4)
    cluster.broken["till:2"] = "CrashLoopBackOff"
    story.release(cluster, "till", "prod", "till:2")
    now = cluster.get("deployments", "prod", "till")["status"]
    assert (now["readyReplicas"], now["updatedReplicas"], now["replicas"]) == (3, 2, 5)
    said = kube.kubectl("rollout", "status", "deploy/till", "--timeout=1s")
    assert (said.returncode, "timed out waiting" in said.stderr) == (1, True)
    assert kube.kubectl("rollout", "undo", "deploy/till", lane="write").returncode == 0
    assert kube.kubectl("rollout", "status", "deploy/till", "--timeout=5s").returncode == 0


def test_rollout_status_watches_until_the_pods_are_ready(kube: Kube) -> None:
    cluster = kube.production.cluster
    cluster.starting = True
    story.release(cluster, "checkout", "prod", "checkout:v3")

    def settle() -> None:
        with cluster.changed:
            assert cluster.changed.wait_for(lambda: any("watch=true" in one for one in cluster.asked), 20)
        cluster.settle()

    helper = threading.Thread(target=settle)
    helper.start()
    said = kube.kubectl("rollout", "status", "deploy/checkout", "--timeout=20s")
    helper.join(20)
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("Waiting for deployment")
    assert said.stdout.endswith("successfully rolled out\n")


def test_the_two_contexts_are_two_clusters(kube: Kube) -> None:
    change = ("scale", "deploy/checkout", "--replicas=5", "--context=staging")
    assert kube.kubectl(*change, lane="write").returncode == 0
    assert len(kube.staging.cluster.changes) == 1
    assert kube.production.cluster.changes == []
    assert kube.production.cluster.get("deployments", "prod", "checkout")["spec"]["replicas"] == 2


def test_a_stranger_is_nobody(kube: Kube) -> None:
    kube.read.write_text(kube.read.read_text().replace("token: look", "token: guess"))
    assert "must be logged in" in kube.kubectl("get", "pods").stderr


def test_the_definitions_are_the_same_without_the_vendors_document() -> None:
    schema = Schema.read(None)
    pod = {"apiVersion": "v1", "kind": "Pod"}
    now = {"containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]}
    made = schema.strategic({"spec": now}, {"spec": {"containers": [{"name": "b", "image": "b:2"}]}}, schema.of(pod))
    assert [one["image"] for one in made["spec"]["containers"]] == ["a:1", "b:2"]
