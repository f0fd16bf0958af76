"""The mitigations of a shop on Kubernetes, each told whole: seen, agreed to, run, verified, weighed, and taken back.

What runs is the real kubectl; what answers it is the stand-in API server, whose objects are held to the vendor's
document. Each story is told with the seed's runbook and with the one we ship.
"""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial

import pytest

from fireline import clock
from fireline.core import approval, debt, gate, incident
from fireline.core.refusal import Refused
from kiosk import until
from kube import story
from mitigations.conftest import BOTH, OpenScene
from mitigations.scene import Scene


@BOTH
@pytest.mark.req(64, 65, 75, 77)
def test_a_rollback_is_offered_agreed_to_verified_and_can_be_taken_back(scene: Scene) -> None:
    scene.cluster.broken["shop:v3"] = "CrashLoopBackOff"
    story.release(scene.cluster, scene.book.workload, scene.book.namespace, "shop:v3")
    one = scene.offered()
    assert one.asked.preview == "revision 3 → 2\nimage of app: shop:v3 → shop:v2"
    assert f"namespace {scene.book.namespace} · deployment/{scene.book.workload}" in str(one.asked.target)
    assert one.asked.runbook == scene.house.ledger.read(1).declared.runbook.digest  # type: ignore[union-attr]
    assert scene.cluster.changes == []
    assert scene.agree(one) == "ok"
    assert scene.container()["image"] == "shop:v2"
    (change,) = scene.cluster.changes
    assert (change.method, "shop:v2" in change.body) == ("PATCH", True)  # the undo patch: the old template, whole
    found = scene.measured(one)
    assert found.verdict == "better"
    assert [each.good for each in found.after if each.source == "verification"] == [True]
    until(lambda: scene.house.ledger.read(1).status == "Monitoring", seconds=60)
    runs = [each for each in scene.house.ledger.read(1).runs.values() if each.started.purpose == "verification"]
    assert runs
    assert all("kubectl rollout status" in each.started.command for each in runs)
    said = {scene.house.evidence.read(each.finished.evidence) for each in runs if each.finished}
    assert all("successfully rolled out" in each for each in said)
    way = scene.kept(one)
    undo = f"kubectl rollout undo deployment/{scene.book.workload} --to-revision=3"
    assert way.command == f"{undo} --namespace={scene.book.namespace}"
    owed = scene.owes()
    assert (owed.taken.kind, owed.owner, owed.taken.undo) == ("rollback", "ben", way.command)
    assert not scene.gate_of_debts()
    scene.cluster.broken.clear()  # the new release is mended
    assert scene.taken_back(owed) == "undone"
    assert scene.container()["image"] == "shop:v3"
    assert scene.gate_of_debts()


@pytest.mark.req(64, 65)
def test_a_rollback_whose_rollout_fails_says_so_and_is_not_called_mitigated(open_scene: OpenScene) -> None:
    scene = open_scene(seconds=3.0)
    for image in ("shop:v2", "shop:v3"):
        scene.cluster.broken[image] = "ImagePullBackOff"
    story.release(scene.cluster, scene.book.workload, scene.book.namespace, "shop:v3")
    one = scene.offered()
    assert scene.agree(one) == "ok"  # the API server took it: whether pods come is another question
    found = scene.measured(one)
    assert found.verdict != "better"
    assert [each.good for each in found.after if each.source == "verification"] == [False]
    runs = [each for each in scene.house.ledger.read(1).runs.values() if each.started.purpose == "verification"]
    assert {each.state for each in runs} == {"failed"}
    assert any("cannot pull its image" in said for run in runs for said in run.finished.findings)  # type: ignore[union-attr]
    set_monitoring = partial(incident.change_status, status="Monitoring", by="ana")
    with pytest.raises(Refused, match="Nothing has verified"):
        scene.house.ledger.act(1, set_monitoring)
    scene.house.ledger.act(1, partial(set_monitoring, why="ana looked at the shop itself"))
    assert any("NOT VERIFIED" in sentence for sentence in scene.told())


@pytest.mark.req(66, 75, 77)
def test_a_scale_shows_what_runs_and_what_the_autoscaler_allows_and_is_taken_back(scene: Scene) -> None:
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "busy", "namespace": scene.book.namespace},
        "spec": {
            "minReplicas": 2,
            "maxReplicas": 6,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": scene.book.workload},
        },
    }
    scene.cluster.put(scaler)
    one = scene.propose("scale")
    assert str(one.asked.preview).splitlines() == [
        "3 replicas now (3 ready), 10 next",
        "The autoscaler busy keeps it between 2 and 6: it will take this back",
    ]
    with pytest.raises(Refused, match="Somebody else has to say yes"):
        scene.agree(one, "ana")
    assert scene.agree(one) == "ok"
    assert scene.spec()["replicas"] == 10
    (change,) = scene.cluster.changes
    assert re.search(r"/deployments/\w+/scale\b", change.path)
    assert scene.measured(one).verdict in {"better", "same"}
    owed = scene.owes()
    assert owed.taken.what == f"deployment/{scene.book.workload} scaled to 10"
    assert owed.taken.undo == scene.kept(one).command
    assert scene.taken_back(owed) == "undone"
    assert scene.spec()["replicas"] == 3


@pytest.mark.req(70, 77)
def test_the_database_is_restarted_as_a_last_resort_by_two_people_who_type_its_name(scene: Scene) -> None:
    name, namespace = scene.book.database, scene.book.namespace
    before = scene.cluster.get("pods", namespace, f"{name}-0")["metadata"]["uid"]
    one = scene.propose("restart database")
    assert (one.asked.last_resort, one.asked.yes_needed, one.asked.name) == (True, 2, name)
    assert one.asked.blast == f"Replaces the only pod of statefulset/{name}: nothing answers meanwhile."
    give = partial(approval.give, number=one.number, shown=one.digest)
    with pytest.raises(Refused, match="type the name of what it hits"):
        scene.house.ledger.act(1, partial(give, by="ben", typed="yes"))
    scene.house.ledger.act(1, partial(give, by="ben", typed=name))
    with pytest.raises(Refused, match="needs another person"):
        scene.house.ledger.act(1, partial(give, by="ben", typed=name))
    assert scene.cluster.changes == []
    assert scene.agree(one, "cleo") == "ok"
    assert scene.cluster.get("pods", namespace, f"{name}-0")["metadata"]["uid"] != before
    assert scene.kept(one).command == ""
    assert "cannot be taken back" in scene.kept(one).what


@pytest.mark.req(70)
def test_a_database_that_the_runbook_calls_a_deployment_is_found_as_what_it_is(scene: Scene) -> None:
    name, where = scene.book.database, scene.book.namespace
    one = scene.type(f"kubectl rollout restart deploy/{name} -n {where}")
    assert one.asked.command == f"kubectl rollout restart statefulset/{name} -n {where}"
    assert (one.asked.asked_as, one.asked.last_resort) == (f"kubectl rollout restart deploy/{name} -n {where}", True)


@pytest.mark.req(71, 77)
def test_pods_are_restarted_one_by_one_and_at_no_moment_are_fewer_ready_than_agreed(open_scene: OpenScene) -> None:
    scene = open_scene(seconds=120.0)
    book, cluster = scene.book, scene.cluster
    before = [each["metadata"]["name"] for each in story.pods(cluster, book.workload, book.namespace)]
    began = cluster.version
    scene.declared()
    scene.house.restarts(
        1, workload=f"deployment/{book.workload}", namespace=book.namespace, pods=tuple(before), minimum=2,
        reason="memory grows", by="ana",
    )  # fmt: skip
    one = scene.asks("ana")[-1]
    assert str(one.asked.command).count("kubectl delete pod") == 3
    assert scene.agree(one) == "ok"
    after = [each["metadata"]["name"] for each in story.pods(cluster, book.workload, book.namespace)]
    assert (len(after), set(before) & set(after)) == (3, set())
    seen = [
        int(thing.get("status", {}).get("readyReplicas", 0))
        for _, _, key, thing in cluster.since(began)
        if key == ("deployments", book.namespace, book.workload)
    ]
    assert min(seen) >= 2


@pytest.mark.req(71)
def test_one_affected_pod_is_picked_and_its_end_says_who_is_left(scene: Scene) -> None:
    pod = story.pods(scene.cluster, scene.book.workload, scene.book.namespace)[0]["metadata"]["name"]
    with pytest.raises(Refused, match="Say what <pod"):
        scene.propose("delete pod")
    blank = scene.blank("delete pod", "pod")
    one = scene.propose("delete pod", **{blank: pod})
    assert "ends 1 of 3 pods; 3 ready now, 2 meanwhile" in str(one.asked.preview)
    assert one.asked.yes_needed == 2
    assert scene.agree(one) == "ok"
    assert [each.method for each in scene.cluster.changes] == ["DELETE"]
    assert scene.kept(one).what == "Nothing to undo: a new pod takes its place."


@pytest.mark.req(72, 75, 77)
def test_heap_profiling_arrives_as_one_argument_and_its_undo_is_the_old_environment(scene: Scene) -> None:
    options = "--max-old-space-size=4096 --heap-prof"
    target = f"deployment/{scene.book.workload} -n {scene.book.namespace}"
    assert scene.agree(scene.type(f"kubectl set env {target} NODE_OPTIONS='--no-warnings'")) == "ok"
    one = scene.propose("profile")
    assert one.asked.preview == f"NODE_OPTIONS: --no-warnings → {options}"
    assert "replaces every one of them" in str(one.asked.does)
    assert "Replaces 3 pods" in str(one.asked.blast)
    assert scene.agree(one) == "ok"
    assert scene.env()["NODE_OPTIONS"] == options
    assert scene.env().keys() == {"PAYMENT_PROVIDER", "NODE_OPTIONS"}
    owed = scene.owes(2)
    assert owed.taken.undo == scene.kept(one).command
    assert scene.taken_back(owed) == "undone"
    assert scene.env()["NODE_OPTIONS"] == "--no-warnings"


@BOTH
@pytest.mark.req(74, 75, 77)
def test_a_switched_provider_keeps_the_incident_open_until_it_is_switched_back_or_owned(scene: Scene) -> None:
    main, other = scene.book.provider
    one = scene.propose("provider")
    assert one.asked.preview == f"PAYMENT_PROVIDER: {main} → {other}"
    assert scene.agree(one) == "ok"
    assert scene.env()["PAYMENT_PROVIDER"] == other
    owed = scene.owes()
    assert owed.taken.until  # somebody is reminded
    log = scene.house.ledger.log(1)
    permanent = next(each for each in gate.standings(log, clock.now()) if re.search(r"(?i)permanent", each.spec.text))
    assert "to be made permanent" in permanent.detail
    assert "PAYMENT_PROVIDER" in permanent.detail
    with pytest.raises(Refused, match="undo what was changed, or give it to a named person"):
        scene.house.ledger.act(1, partial(gate.override, gate="debts", reason="later", by="ana"))
    shut = [each for each in gate.standings(log, clock.now()) if not each.open and each.spec.key != "debts"]
    for standing in shut:
        aside = partial(gate.override, gate=standing.spec.key, reason="not the subject here", by="ana")
        scene.house.ledger.act(1, aside)
    with pytest.raises(Refused, match=r"1 of .* gates are shut: Temporary changes undone or owned"):
        scene.house.ledger.act(1, partial(gate.resolve, by="ana"))
    due = clock.now() + timedelta(days=3)
    own = partial(debt.own, debt=1, owner="cleo", due_at=due, by="ana", plan="switch back on Monday")
    scene.house.ledger.act(1, own)
    scene.house.ledger.act(1, partial(gate.resolve, by="ana"))
    what = f"deployment/{scene.book.workload} runs with PAYMENT_PROVIDER={other}"
    left = (f"Make permanent or undo: {what}", "cleo", f"{due:%Y-%m-%d}")
    assert debt.follow_ups(scene.house.ledger.log(1)) == (left,)
    assert scene.taken_back(owed) == "undone"  # the follow-up is done after the incident is over
    assert scene.env()["PAYMENT_PROVIDER"] == main
    assert debt.follow_ups(scene.house.ledger.log(1)) == ()
