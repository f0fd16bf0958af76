"""The rule: a kubectl command is asked without a process only when every word of it is understood."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fireline.core.question import cluster, kubectl, rollout
from fireline.core.question.columns import age, at, natural, quantity, tabbed, table
from fireline.core.question.kinds import DEPLOYMENT, EVENT, NODE, POD, STATEFUL_SET, kind
from fireline.core.question.kubectl import Describe, Get, History, Logs, Question, Status, Top, Where

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HERE = Where(kubeconfig="/lane/config", home="/lane")
SHOP = Where(kubeconfig="/lane/config", home="/lane", namespace="shop")
Thing = dict[str, Any]


def understood(text: str, **environment: str) -> Question | None:
    return kubectl.understand(shlex.split(text), {"KUBECONFIG": "/lane/config", "HOME": "/lane"} | environment)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("kubectl get pods -n shop", Get(SHOP, POD)),
        ("kubectl -n=shop get po", Get(SHOP, POD)),
        ("kubectl get pods -nshop -l app=till -o wide", Get(SHOP, POD, labels="app=till", wide=True)),
        ("kubectl get pod/till-1 pod/till-2", Get(HERE, POD, ("till-1", "till-2"))),
        ("kubectl get deploy till -o name", Get(HERE, DEPLOYMENT, ("till",), only_names=True)),
        ("kubectl get deployments.apps --no-headers", Get(HERE, DEPLOYMENT, header=False)),
        ("kubectl get events -n shop --sort-by='.lastTimestamp'", Get(SHOP, EVENT, sort_by="lastTimestamp")),
        ("kubectl get events --sort-by={.lastTimestamp} -n shop", Get(SHOP, EVENT, sort_by="lastTimestamp")),
        ("kubectl describe pod till-1 -n shop", Describe(SHOP, "till-1")),
        ("kubectl logs deployment/till -n shop --tail=100", Logs(SHOP, DEPLOYMENT, "till", tail=100)),
        ("kubectl logs -f till-1 -c app --tail 5", Logs(HERE, POD, "till-1", container="app", tail=5, follow=True)),
        ("kubectl logs till-1 app -p --tail=5", Logs(HERE, POD, "till-1", container="app", tail=5, previous=True)),
        ("kubectl logs till-1 --since=1h30m", Logs(HERE, POD, "till-1", since=5400)),
        ("kubectl rollout history deployment/till -n shop", History(SHOP, DEPLOYMENT, "till")),
        ("kubectl rollout history sts db", History(HERE, STATEFUL_SET, "db")),
        ("kubectl rollout status deploy/till --timeout=90s", Status(HERE, "till", seconds=90.0)),
        ("kubectl top pods -n shop --sort-by=memory", Top(SHOP, POD, sort_by="memory")),
        ("kubectl top nodes", Top(HERE, NODE)),
    ],
)
def test_looks_are_understood_to_the_last_flag(text: str, question: Question) -> None:
    assert understood(text) == question


def test_the_context_and_every_namespace_are_understood() -> None:
    asked = understood("kubectl --context staging get pods -A")
    assert isinstance(asked, Get)
    assert (asked.where.context, asked.where.everywhere, asked.where.namespace) == ("staging", True, None)


@pytest.mark.parametrize(
    "text",
    [
        "kubectl delete pod till-1",
        "kubectl scale deploy/till --replicas=3",
        "kubectl rollout restart deploy/till",
        "kubectl rollout undo deploy/till",
        "kubectl get pods --watch",
        "kubectl get pods -w",
        "kubectl get pods -o json",
        "kubectl get pods -o jsonpath={.items[*].metadata.name}",
        "kubectl get pods,deployments",
        "kubectl get all",
        "kubectl get prometheuses",
        "kubectl get --raw /metrics",
        "kubectl get pod till-1 -l app=till",
        "kubectl get pod ../../secrets/key",
        "kubectl get pods -n ../kube-system",
        "kubectl get pods --kubeconfig /other",
        "kubectl get pods --token abc",
        "kubectl get pods --as root",
        "kubectl get pods --server https://elsewhere",
        "kubectl describe deployment till",
        "kubectl describe pod a b",
        "kubectl logs till-1",
        "kubectl logs -f till-1",
        "kubectl logs -l app=till --tail=5",
        "kubectl logs till-1 --tail=5 --all-containers",
        "kubectl logs till-1 --tail=many",
        "kubectl rollout history deploy/till --revision=2",
        "kubectl rollout status sts/db",
        "kubectl top pods --containers",
        "kubectl top pod till-1",
        "kubectl exec deploy/till -- date",
        "kubectl get pods -- x",
        "kubectl",
        "kubectl --help",
    ],
)
def test_what_is_not_understood_is_left_to_the_program(text: str) -> None:
    assert understood(text) is None


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "KUBERC", "KUBERNETES_MASTER"])
def test_a_lane_with_settings_of_its_own_is_left_to_the_program(name: str) -> None:
    assert understood("kubectl get pods", **{name: "x"}) is None


def test_a_kind_is_known_by_each_of_its_names() -> None:
    assert {kind(word) for word in ("deploy", "Deployment", "deployments", "deployments.apps")} == {DEPLOYMENT}
    assert kind("certificates") is None
    assert DEPLOYMENT.path("shop", "till") == "/apis/apps/v1/namespaces/shop/deployments/till"
    assert NODE.path("shop") == "/api/v1/nodes"


def test_columns_are_as_wide_as_kubectls() -> None:
    assert table([["NAME", "READY"], ["till-1", "1/1"], ["x", None]]) == "NAME     READY\ntill-1   1/1\nx        \n"
    assert table([["A", "B"], ["one\ntwo", "b"]]).splitlines()[1] == "one...   b"


def test_a_column_reaches_over_neighbouring_lines_only() -> None:
    text = tabbed(["a:\tb", "longer:\tc", "no column", "d:\te"], least=0, padding=2)
    assert text.splitlines() == ["a:       b", "longer:  c", "no column", "d:  e"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "<invalid>"), (0, "0s"), (119, "119s"), (120, "2m"), (545, "9m5s"), (7200, "120m"), (3 * 3600, "3h"),
     (5 * 3600 + 120, "5h2m"), (47 * 3600, "47h"), (3 * 86400 + 7200, "3d2h"), (30 * 86400, "30d"),
     (800 * 86400, "2y70d"), (9 * 365 * 86400, "9y")],
)  # fmt: skip
def test_an_age_has_one_unit_or_two(seconds: float, text: str) -> None:
    assert age(seconds) == text


def test_amounts_are_read_with_their_suffixes() -> None:
    assert quantity("250m") * 4 == 1
    assert int(quantity("90Mi")) == 90 * 1024 * 1024
    assert int(quantity("1234567n") * 10**9) == 1234567
    with pytest.raises(ValueError, match="many"):
        quantity("many")


def test_names_are_sorted_by_their_numbers_and_paths_are_followed() -> None:
    assert sorted(["web-10", "web-9"], key=natural) == ["web-9", "web-10"]
    assert at({"a": [{"b": 3}]}, "a[0].b") == 3
    assert at({"a": []}, "a[0].b") is None


def pod(name: str, *, ready: bool = False, phase: str = "Running", **more: Any) -> Thing:
    conditions = [{"type": "Ready", "status": str(ready)}, *more.pop("conditions", [])]
    return {"metadata": {"name": name}, "status": {"phase": phase, "conditions": conditions} | more}


def container(state: Thing, **more: Any) -> Thing:
    return {"name": "app", "image": "till:9", "ready": False, "restartCount": 0, "state": state} | more


KILLED = {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-03-01T11:58:00Z"}}
OOM = (
    "a: CrashLoopBackOff: container app was OOMKilled (exit 137: more memory than its limit) 2m ago, restarted 7 times."
)
BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}}


@pytest.mark.req(46)
@pytest.mark.parametrize(
    ("sick", "said"),
    [
        (
            pod("a", containerStatuses=[container(BACK_OFF, lastState=KILLED, restartCount=7)]),
            OOM,
        ),
        (
            pod("a", phase="Pending", containerStatuses=[container({"waiting": {"reason": "ImagePullBackOff"}})]),
            "a: ImagePullBackOff: container app cannot pull its image till:9.",
        ),
        (
            pod(
                "a",
                phase="Pending",
                conditions=[{"type": "PodScheduled", "status": "False", "message": "0/3 nodes: Insufficient memory."}],
            ),
            "a: Pending: no node takes it: 0/3 nodes: Insufficient memory.",
        ),
        (
            pod("a", containerStatuses=[container({"running": {}})]),
            "a: it runs, and container app does not pass its readiness probe.",
        ),
        (pod("a", phase="Failed", reason="Evicted", message="low on memory"), "a: Evicted: low on memory"),
    ],
)
def test_a_pod_that_is_not_ready_is_told_with_its_reason(sick: Thing, said: str) -> None:
    assert cluster.unready([sick], NOW) == (said,)


@pytest.mark.req(46)
def test_the_worst_pod_is_told_first_and_many_are_counted() -> None:
    waits = [pod(f"w{n}", phase="Pending", containerStatuses=[container({"waiting": {"reason": "ContainerCreating"}})])
             for n in range(10)]  # fmt: skip
    crash = pod("z", containerStatuses=[container(BACK_OFF, lastState=KILLED, restartCount=1)])
    said = cluster.unready([pod("well", ready=True), *waits, crash], NOW)
    assert said[0] == "11 of 12 pods are not ready."
    assert said[1].startswith("z: CrashLoopBackOff")
    assert said[-1] == "And 3 more pods are not ready."


def test_a_pod_that_came_back_from_out_of_memory_is_told_of() -> None:
    back = pod("a", ready=True, containerStatuses=[container({"running": {}}, ready=True, lastState=KILLED)])
    assert "was OOMKilled" in cluster.unready([back], NOW)[0]
    assert cluster.unready([pod("b", phase="Succeeded")], NOW) == ()


def revision(number: int, minutes: float, *, image: str = "", cause: str = "") -> rollout.Revision:
    return rollout.Revision(number, cause, (image or f"till:{number}",), NOW - timedelta(minutes=minutes))


@pytest.mark.req(45)
def test_the_newest_change_before_the_onset_is_the_one_to_suspect() -> None:
    revisions = [revision(5, 600), revision(6, 72, cause="limit of the cart"), revision(7, 5)]
    onset = NOW - timedelta(minutes=60)
    assert rollout.suspect(revisions, onset, NOW) == (
        "The newest change before it began is revision 6 (image till:6), “limit of the cart”, made 12m before.",
        "Before that ran revision 5 (image till:5).",
        "After it began came revision 7 (image till:7), 5m ago.",
    )


@pytest.mark.req(45)
def test_no_change_before_the_onset_is_said_too() -> None:
    assert rollout.suspect([revision(7, 5)], NOW - timedelta(hours=1), NOW)[0].startswith("No change")
    assert rollout.suspect([], None, NOW) == ()


def replica_set(number: str, made: str, **notes: str) -> Thing:
    about = {"annotations": {rollout.REVISION: number} | notes, "creationTimestamp": made}
    return {"metadata": about | {"ownerReferences": [{"uid": "u"}]}, "spec": {}}


@pytest.mark.req(45)
def test_a_revision_that_was_rolled_back_to_is_as_old_as_the_roll_back() -> None:
    progress = {"type": "Progressing", "status": "True", "lastUpdateTime": "2026-03-01T11:00:00Z"}
    owner = {
        "metadata": {"uid": "u", "annotations": {rollout.REVISION: "3"}},
        "status": {"conditions": [progress]},
    }
    again = replica_set("3", "2026-01-01T00:00:00Z", **{rollout.ROLLED_BACK: "1"})
    other = replica_set("2", "2026-03-01T10:00:00Z")
    found = rollout.of_replica_sets(owner, [again, other])
    assert [(one.number, one.at) for one in found] == [
        (2, datetime(2026, 3, 1, 10, tzinfo=UTC)),
        (3, datetime(2026, 3, 1, 11, tzinfo=UTC)),
    ]


def deployment(**status: Any) -> Thing:
    well = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}
    return {"metadata": {"name": "till", "generation": 2}, "spec": {"replicas": 3}, "status": well | status}


@pytest.mark.parametrize(
    ("status", "line"),
    [
        ({}, 'deployment "till" successfully rolled out'),
        ({"observedGeneration": 1}, "Waiting for deployment spec update to be observed..."),
        ({"updatedReplicas": 1}, "1 out of 3 new replicas have been updated..."),
        ({"replicas": 4}, "1 old replicas are pending termination..."),
        ({"availableReplicas": 2}, "2 of 3 updated replicas are available..."),
        (
            {"conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]},
            'error: deployment "till" exceeded its progress deadline',
        ),
    ],
)
def test_a_roll_out_is_as_far_as_kubectl_says(status: Thing, line: str) -> None:
    assert rollout.progress(deployment(**status)).line.endswith(line)


@pytest.mark.req(135)
def test_warnings_are_told_once_for_each_reason_the_newest_first() -> None:
    def warned(reason: str, minutes: int, count: int = 1) -> Thing:
        last, first = NOW - timedelta(minutes=minutes), NOW - timedelta(minutes=minutes + 30)
        return {
            "metadata": {"namespace": "shop"},
            "involvedObject": {"kind": "Pod", "name": "till-1"},
            "type": "Warning",
            "reason": reason,
            "message": "it\nfailed",
            "count": count,
            "lastTimestamp": last.isoformat(),
            "firstTimestamp": first.isoformat(),
        }

    seen = [cluster.happened(one) for one in (warned("Unhealthy", 9), warned("BackOff", 1, 12), warned("BackOff", 5))]
    assert cluster.warnings([one for one in seen if one], NOW) == (
        "BackOff on pod till-1: it failed (60s ago, 12 times in 30m).",
        "Unhealthy on pod till-1: it failed (9m ago).",
    )
