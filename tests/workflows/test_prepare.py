"""Before anything changes people see what would become of it, and what brings it back is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fireline import clock
from fireline.core import approval, command
from fireline.core.alert import Alert
from fireline.core.events import HOUSE, CommandStarted, to_json
from fireline.core.refusal import Refused
from fireline.house import House
from fireline.settings import EnvironmentSettings
from kiosk import until
from kube import Kube, story
from workflows.shop import OpenShop, ask, ended, kept, open_shop, say_yes, told

__all__ = ["open_shop"]

PINNED = {"production": EnvironmentSettings(context="production", namespaces=("prod",))}


@pytest.fixture
def house(open_shop: OpenShop) -> House:
    """A house for the shop, with nothing pinned."""
    return open_shop()


def image(kube: Kube, name: str = "checkout") -> str:
    return str(
        kube.production.cluster.get("deployments", "prod", name)["spec"]["template"]["spec"]["containers"][0]["image"]
    )


def replicas(kube: Kube, name: str = "checkout") -> int:
    return int(kube.production.cluster.get("deployments", "prod", name)["spec"]["replicas"])


@pytest.mark.req(66, 77)
def test_a_scale_shows_now_and_next_and_its_undo_scales_back_to_what_was_there_right_before(
    house: House, kube: Kube
) -> None:
    one = ask(house, "kubectl scale deployment/checkout --replicas=5 -n prod")
    assert one.asked.preview == "2 replicas now (2 ready), 5 next"
    assert one.asked.blast == "Adds 3 pods to deployment/checkout; none is stopped."
    assert one.asked.target == "cluster production · namespace prod · deployment/checkout"
    assert one.asked.undo == "kubectl scale deployment/checkout --replicas=2 --namespace=prod"
    assert kube.production.cluster.changes == []
    kube.kubectl("scale", "deployment/checkout", "--replicas=3", "-n", "prod", lane="write")  # somebody else, meanwhile
    say_yes(house, one)
    assert ended(house, one) == "ok"
    assert replicas(kube) == 5
    (way,) = kept(house)
    assert way.command == "kubectl scale deployment/checkout --replicas=3 --namespace=prod"
    assert "Way back kept: Scale deployment/checkout back to 3" in told(house)
    back = ask(house, way.command)
    say_yes(house, back)
    assert ended(house, back) == "ok"
    assert replicas(kube) == 3


def test_the_way_back_stands_in_the_log_before_the_change_starts(house: House) -> None:
    one = ask(house, "kubectl scale deployment/checkout --replicas=3 -n prod")
    say_yes(house, one)
    ended(house, one)
    kinds = [(type(e).__name__, getattr(e, "run", "")) for e in house.ledger.log(1)]
    assert kinds.index(("UndoKept", "1.ask1")) < kinds.index(("CommandStarted", "1.ask1"))


@pytest.mark.req(64)
def test_a_rollback_shows_the_version_it_goes_back_to_and_its_undo_returns(house: House, kube: Kube) -> None:
    one = ask(house, "kubectl rollout undo deployment/checkout -n prod")
    assert one.asked.preview == "revision 2 → 1\nimage of app: checkout:v2 → checkout:v1"
    assert "Replaces 2 pods of deployment/checkout" in str(one.asked.blast)
    say_yes(house, one)
    assert ended(house, one) == "ok"
    assert image(kube) == "checkout:v1"
    back = ask(house, kept(house)[0].command)
    say_yes(house, back)
    assert ended(house, back) == "ok"
    assert image(kube) == "checkout:v2"


def test_a_rollback_with_nothing_to_go_back_to_is_not_even_asked_for(house: House, kube: Kube) -> None:
    story.deployment(kube.production.cluster, "console", "prod", "console:v1")
    with pytest.raises(Refused, match="no earlier version to go back to"):
        ask(house, "kubectl rollout undo deployment/console -n prod")


@pytest.mark.req(72)
def test_a_variable_with_spaces_stays_one_argument_and_says_that_it_starts_a_rollout(house: House, kube: Kube) -> None:
    options = "--max-old-space-size=4096 --heap-prof"
    one = ask(house, f'kubectl set env deployment/checkout -c app NODE_OPTIONS="{options}" -n prod')
    assert one.asked.preview == f"NODE_OPTIONS: not set → {options}"
    assert "replaces every one of them" in str(one.asked.does)
    say_yes(house, one)
    assert ended(house, one) == "ok"
    container = kube.production.cluster.get("deployments", "prod", "checkout")["spec"]["template"]["spec"][
        "containers"
    ][0]
    assert {"name": "NODE_OPTIONS", "value": options} in container["env"]
    (way,) = kept(house)
    assert way.command == "kubectl set env deployment/checkout NODE_OPTIONS- --containers=app --namespace=prod"


def test_an_old_value_is_put_back_byte_for_byte(house: House, kube: Kube) -> None:
    kube.kubectl(
        "set", "env", "deployment/checkout", "-c", "app", 'GREETING=it\'s "$HOME" & more', "-n", "prod", lane="write"
    )
    one = ask(house, "kubectl set env deployment/checkout -c app GREETING=hello -n prod")
    say_yes(house, one)
    ended(house, one)
    back = ask(house, kept(house)[0].command)
    say_yes(house, back)
    assert ended(house, back) == "ok"
    container = kube.production.cluster.get("deployments", "prod", "checkout")["spec"]["template"]["spec"][
        "containers"
    ][0]
    assert {"name": "GREETING", "value": 'it\'s "$HOME" & more'} in container["env"]


@pytest.mark.req(70)
def test_restarting_a_stateful_set_is_a_last_resort_two_people_type_its_name(house: House, kube: Kube) -> None:
    story.deployment(kube.production.cluster, "db", "prod", "postgres:15", replicas=1, kind="StatefulSet")
    one = ask(house, "kubectl rollout restart statefulset/db -n prod")
    assert (one.asked.last_resort, one.asked.name, one.asked.yes_needed) == (True, "db", 2)
    assert one.asked.blast == "Replaces the only pod of statefulset/db: nothing answers meanwhile."
    with pytest.raises(Refused, match="type the name of what it hits, db") as no:
        say_yes(house, one, "ben", typed="checkout")
    assert no.value.field == "typed"
    say_yes(house, one, "ben", typed="db")
    assert not approval.find(house.ledger.log(1), 1).granted
    with pytest.raises(Refused, match="You asked for this one"):
        say_yes(house, one, "ana", typed="db")
    say_yes(house, one, "eva", typed="db")
    assert ended(house, one) == "ok"
    assert kept(house)[0].command == ""


@pytest.mark.req(70)
def test_a_kind_the_cluster_does_not_have_is_corrected_in_plain_sight(house: House, kube: Kube) -> None:
    story.deployment(kube.production.cluster, "db", "prod", "postgres:15", replicas=1, kind="StatefulSet")
    one = ask(house, "kubectl rollout restart deploy/db -n prod")
    assert one.asked.command == "kubectl rollout restart statefulset/db -n prod"
    assert one.asked.asked_as == "kubectl rollout restart deploy/db -n prod"
    assert one.asked.last_resort
    assert kube.production.cluster.changes == []


def test_an_object_that_is_not_there_at_all_has_no_preview_and_says_so(house: House) -> None:
    one = ask(house, "kubectl rollout restart deployment/nothing -n prod")
    assert (one.asked.preview or "", one.asked.no_preview) == ("", "There is no deployment/nothing.")


@pytest.mark.req(78)
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("kubectl --context=staging scale deployment/checkout --replicas=5 -n prod", "goes to staging"),
        ("kubectl scale deployment/checkout --replicas=5 -n default", "goes to default"),
        ("kubectl scale deployment/checkout --replicas=5 -n prod --kubeconfig=other", "--kubeconfig reaches past"),
        ("kubectl scale deployment/checkout --replicas=5 -n prod --cluster=staging", "--cluster reaches past"),
        ("KUBECONFIG=x kubectl scale deployment/checkout --replicas=5 -n prod", "kubeconfig of its own"),
        ("echo y | xargs kubectl --context=staging delete pod -n prod", "only known when it runs"),
        ("true && sh -c 'kubectl --context staging scale deployment/checkout --replicas=5 -n prod'", "goes to staging"),
        ("ssh bastion 'kubectl scale deployment/checkout --replicas=5 -n prod'", "on another machine"),
        ("kubectl delete pods --all -A", "goes to every namespace"),
        ("kubectl replace -f thing.yaml", "Say the namespace with -n"),
    ],
)
def test_what_would_change_another_place_is_refused_and_nothing_is_looked_at_there(
    open_shop: OpenShop, kube: Kube, text: str, why: str
) -> None:
    house = open_shop(environments=PINNED)
    with pytest.raises(Refused, match=why):
        ask(house, text)
    for cluster in (kube.staging.cluster, kube.production.cluster):  # some builds of kubectl ask for the version first
        assert [one.path for one in cluster.requests if not one.path.startswith("/version")] == []


@pytest.mark.req(78)
def test_a_context_that_changes_between_the_yes_and_the_run_voids_the_yes(open_shop: OpenShop, kube: Kube) -> None:
    house = open_shop(environments=PINNED)
    one = ask(house, "kubectl scale deployment/checkout --replicas=5 -n prod")
    kube.write.write_text(kube.write.read_text().replace("current-context: production", "current-context: staging"))
    say_yes(house, one)
    assert ended(house, one) == "void: production is the context production, and this goes to staging."
    assert kube.staging.cluster.changes == []
    assert kube.production.cluster.changes == []
    assert any(sentence.startswith("Not run, kubectl scale") for sentence in told(house))


@pytest.mark.req(78)
def test_a_look_may_be_at_any_namespace_but_not_at_another_context(open_shop: OpenShop, kube: Kube) -> None:
    house = open_shop(environments=PINNED)
    assert ended(house, ask(house, "kubectl get pods -n default")) == "ok"
    with pytest.raises(Refused, match="It looks at the context staging, and this incident is in production"):
        ask(house, "kubectl --context=staging get pods -n prod")
    assert kube.staging.cluster.requests == []


@pytest.mark.req(78)
def test_a_kubeconfig_that_leads_to_another_server_is_refused(open_shop: OpenShop, kube: Kube) -> None:
    house = open_shop(environments={"production": EnvironmentSettings(server=kube.staging.url)})
    with pytest.raises(Refused, match="production is the server"):
        ask(house, "kubectl scale deployment/checkout --replicas=5 -n prod")


def test_an_incident_elsewhere_is_held_to_its_own_environment(open_shop: OpenShop) -> None:
    pinned = PINNED | {"staging": EnvironmentSettings(context="staging")}
    house = open_shop(environments=pinned, values={"environment": "staging"})
    with pytest.raises(Refused, match="staging is the context staging, and this goes to production"):
        ask(house, "kubectl scale deployment/checkout --replicas=5 -n prod")
    one = ask(house, "kubectl --context=staging scale deployment/checkout --replicas=5 -n prod")
    assert str(one.asked.target).startswith("cluster staging · ")


@pytest.mark.req(77)
def test_a_way_back_that_was_shown_and_is_gone_voids_the_yes(house: House, kube: Kube) -> None:
    one = ask(house, "kubectl scale deployment/checkout --replicas=5 -n prod")
    kube.production.cluster.delete("deployments", "prod", "checkout")
    say_yes(house, one)
    assert ended(house, one).startswith("void: The way back that was shown is no longer there.")


@pytest.mark.req(77)
def test_applying_a_file_shows_what_it_sets_otherwise_and_puts_the_object_back(
    house: House, kube: Kube, tmp_path: Path
) -> None:
    about = {"name": "limits", "namespace": "prod"}
    kube.production.cluster.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": about, "data": {"rate": "100"}})
    strict = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": about, "data": {"rate": "20"}}
    (tmp_path / "street" / "strict.json").write_text(json.dumps(strict))
    one = ask(house, "kubectl apply -f strict.json")
    assert "100" in str(one.asked.preview)
    assert "20" in str(one.asked.preview)
    assert one.asked.blast == "It changes configmap/limits."
    say_yes(house, one)
    assert ended(house, one) == "ok"
    assert kube.production.cluster.get("configmaps", "prod", "limits")["data"] == {"rate": "20"}
    back = ask(house, kept(house)[0].command)
    say_yes(house, back)
    assert ended(house, back) == "ok"
    assert kube.production.cluster.get("configmaps", "prod", "limits")["data"] == {"rate": "100"}


def test_deleting_the_last_ready_pod_says_that_nothing_answers(house: House, kube: Kube) -> None:
    story.deployment(kube.production.cluster, "console", "prod", "console:v1", replicas=1)
    (pod,) = story.pods(kube.production.cluster, "console", "prod")
    one = ask(house, f"kubectl delete pod {pod['metadata']['name']} -n prod")
    assert "nothing answers until a new one is" in str(one.asked.blast)
    assert one.asked.yes_needed == 2


def test_a_change_nobody_understands_has_no_preview_and_the_ask_says_so(house: House) -> None:
    one = ask(house, "./fix-everything.sh --now")
    assert one.asked.no_preview == "fireline does not know how to look at it beforehand."
    assert (one.asked.undo or "") == ""


@pytest.mark.req(77)
def test_every_look_is_in_the_log_before_it_runs_and_none_of_them_changes_anything(house: House) -> None:
    ask(house, "kubectl scale deployment/checkout --replicas=5 -n prod")
    looks = [event for event in house.ledger.log(1) if isinstance(event, CommandStarted)]
    assert {one.purpose for one in looks} == {"preview"}
    assert {one.effect for one in looks} == {"read"}
    assert house.ledger.read(1).runs == {}
    in_write = [one.command for one in looks if one.lane == "write"]
    assert [one.split()[1] for one in in_write] == ["config", "scale"]
    assert in_write[1].endswith(" --dry-run=server")


@pytest.mark.req(77)
def test_a_yes_is_to_the_bytes_the_target_and_the_runbook_and_one_byte_voids_it(house: House) -> None:
    one = ask(house, "kubectl scale deployment/checkout --replicas=5 -n prod")
    say_yes(house, one)
    ended(house, one)
    log = house.ledger.log(1)
    log = tuple(event for event in log if not (isinstance(event, CommandStarted) and event.ask == 1))
    for field in ("command", "target"):
        body = to_json(one.asked).decode()
        other = type(one.asked)(
            **{
                name: (getattr(one.asked, name) + "x" if name == field else getattr(one.asked, name))
                for name in one.asked.__struct_fields__
            }
        )
        assert to_json(other).decode() != body
        tampered = tuple(other if event == one.asked else event for event in log)
        assert not approval.find(tampered, 1).granted
        with pytest.raises(Refused, match="needs 1 yes and has 0"):
            command.start_approved(tampered, one.asked.at, run="r", number=1, by=HOUSE)


@pytest.mark.req(66, 77)
def test_what_fireline_proposes_by_itself_carries_its_preview_too(house: House) -> None:
    labels = {"alertname": "CheckoutSlow", "service": "checkout"}
    house.alerts.take([Alert(source="alertmanager", labels=labels, starts_at=clock.now())], clock.now())
    until(lambda: house.ledger.head(1) and approval.asks(house.ledger.log(1)))
    one = approval.asks(house.ledger.log(1))[0]
    assert (one.asked.by, one.asked.preview) == (HOUSE, "2 replicas now (2 ready), 5 next")
    assert one.asked.runbook == house.ledger.read(1).declared.runbook.digest  # type: ignore[union-attr]
    say_yes(house, one)
    assert ended(house, one) == "ok"
    assert kept(house)[0].what == "Scale deployment/checkout back to 2"
