"""What helm and argocd change goes to the incident's own cluster, and the command that people say yes to says so.

Neither program is on this machine. What the rules make of their commands needs none; where a story has to run one, a
small script of that name on the lane's PATH writes down the words it was started with, and changes nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fireline.core import deployers, place
from fireline.core.change.model import Seen
from fireline.core.place import Environment
from fireline.core.refusal import Refused
from fireline.settings import EnvironmentSettings, Lanes, LaneSettings
from fireline.shell import parse
from kube import Kube
from mitigations.conftest import OpenScene

RECORDS = '#!/bin/sh\nprintf "%s\\n" "$0" "$@" | sed "s|.*/||" >> "$HOME/words"\n'
PINNED = (Environment(name="production", context="production", namespaces=("shop",), argocd="argocd.shop.example"),)
CONFIG = Seen(
    0,
    '{"current-context": "production", "contexts": [{"context": {"namespace": "shop"}}],'
    ' "clusters": [{"cluster": {"server": "https://k"}}]}',
)


def trouble(text: str) -> str:
    """Why this may not run in production; "" when it may."""
    calls = place.calls(text, parse)
    assert calls.known or calls.argocd or calls.hidden
    found = [place.wrong(one, place.place(one, CONFIG), PINNED) for one in calls.known]
    return calls.hidden or next(filter(None, [*found, *(place.astray(one, PINNED) for one in calls.argocd)]), "")


@pytest.mark.req(78)
@pytest.mark.parametrize(
    "text",
    [
        "helm rollback shop 3",
        "helm rollback shop 3 -n shop --kube-context production --wait",
        "helm --kube-context=production upgrade shop ./chart -nshop --set image.tag=v1 -f values.yaml",
        "argocd app rollback shop 12 --server argocd.shop.example",
        "argocd --server=https://argocd.shop.example:443 app sync shop --prune",
    ],
)
def test_what_goes_to_the_pinned_place_may(text: str) -> None:
    assert trouble(text) == ""


@pytest.mark.req(78)
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("helm rollback shop 3 --kube-context staging", "this goes to staging"),
        ("helm rollback shop 3 --kube-context production --kube-context=staging", "this goes to staging"),
        ("helm upgrade shop ./chart -n default", "this goes to default"),
        ("helm upgrade shop ./chart --kubeconfig=other", "--kubeconfig reaches past"),
        ("helm upgrade shop ./chart --kube-apiserver https://other", "--kube-apiserver reaches past"),
        ("helm upgrade shop ./chart --kube-token abc", "--kube-token reaches past"),
        ("helm upgrade shop ./chart --set --kube-context=production", "a flag nobody here knows"),
        ("helm upgrade shop ./chart --kube-context $CONTEXT", "only known when it runs"),
        ("HELM_KUBECONTEXT=staging helm rollback shop 3", "says where it goes"),
        ("KUBECONFIG=other helm rollback shop 3", "kubeconfig of its own"),
        ("sh -c 'helm rollback shop 3 --kube-context staging'", "this goes to staging"),
        ("ssh bastion helm rollback shop 3", "on another machine"),
        ("argocd app sync shop", "add --server=argocd.shop.example"),
        ("argocd app sync shop --server argocd.staging.example", "this goes to argocd.staging.example"),
        ("argocd app sync shop --argocd-context staging", "--argocd-context reaches past"),
        ("argocd app rollback shop --core", "--core reaches past"),
        ("ARGOCD_SERVER=other argocd app sync shop --server argocd.shop.example", "says where it goes"),
    ],
)
def test_what_would_go_elsewhere_or_nobody_knows_where_is_refused(text: str, why: str) -> None:
    assert why in trouble(text)


@pytest.mark.req(78)
def test_an_environment_without_an_argo_cd_has_none_to_change() -> None:
    (argo,) = place.calls("argocd app sync shop --server argocd.shop.example", parse).argocd
    assert "Nobody has said which Argo CD" in place.astray(argo, (Environment(name="staging", context="staging"),))


@pytest.mark.req(78)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("helm rollback shop 3 -n shop", "helm --kube-context=production rollback shop 3 -n shop"),
        ("argocd app sync shop", "argocd --server=argocd.shop.example app sync shop"),
        ("helm rollback shop 3 --kube-context=staging", "helm rollback shop 3 --kube-context=staging"),
        ("argocd app sync shop --server=other", "argocd app sync shop --server=other"),
        ("echo helm rollback shop 3", "echo helm rollback shop 3"),
        ("true && helm rollback shop 3", "true && helm rollback shop 3"),
    ],
)
def test_a_command_that_leaves_its_place_open_is_asked_for_with_it(text: str, said: str) -> None:
    assert place.pin(text, parse, PINNED) == said
    two = (*PINNED, Environment(name="staging", context="staging", argocd="argocd.staging.example"))
    assert place.pin(text, parse, two) == text  # which of them nobody knows: then it is refused, not guessed


def test_an_address_is_the_same_however_it_is_written() -> None:
    assert len({deployers.address(one) for one in ("a.example", "https://A.example/", "a.example:443")}) == 1
    assert deployers.address("a.example:8443") == "a.example:8443"


@pytest.mark.req(77, 78)
def test_what_runs_is_the_pinned_command_that_people_read(open_scene: OpenScene, kube: Kube, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("helm", "argocd"):
        (folder / name).write_text(RECORDS)
        (folder / name).chmod(0o755)
    street = str(tmp_path / "street")
    lanes = {
        name: LaneSettings(
            directory=street, environment=kube.environment(name) | {"PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin"}
        )
        for name in ("read", "write")
    }
    where = EnvironmentSettings(context="production", argocd="argocd.shop.example")
    scene = open_scene(lanes=Lanes(**lanes), environments={"production": where})
    one = scene.type("helm rollback shop 3 -n prod")
    assert one.asked.command == "helm --kube-context=production rollback shop 3 -n prod"
    assert one.asked.asked_as == "helm rollback shop 3 -n prod"
    assert str(one.asked.target).startswith("cluster production · namespace prod")
    assert scene.agree(one) == "ok"
    two = scene.type("argocd app rollback shop 12")
    assert two.asked.target == "server argocd.shop.example"
    assert scene.agree(two) == "ok"
    words = (kube.folder / "words").read_text().split()
    assert words == [*one.asked.command.split(), *two.asked.command.split()]
    with pytest.raises(Refused, match="goes to staging"):
        scene.type("helm upgrade shop ./chart --kube-context=staging -n prod")
    assert (kube.folder / "words").read_text().split() == words
