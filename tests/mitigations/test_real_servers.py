"""What real API servers do and an easy-going one does not is of no consequence, or said in words that help.

They warn with every answer, refuse the account that may only look, want to be signed in to by a program.
"""

from __future__ import annotations

import pytest

from fireline.core.events import CommandStarted
from fireline.core.question import denied
from fireline.core.refusal import Refused
from kube import Kube
from mitigations.conftest import OpenScene
from mitigations.scene import Scene


@pytest.mark.req(64, 66, 77)
def test_a_server_that_warns_with_every_answer_is_read_all_the_same(scene: Scene) -> None:
    scene.cluster.warning = "v1 ComponentStatus is deprecated in v1.19+"
    one = scene.propose("scale")
    assert one.asked.preview == "3 replicas now (3 ready), 10 next"
    assert scene.agree(one) == "ok"
    assert "Warning: v1 ComponentStatus" in scene.said(one)
    assert scene.kept(one).what == f"Scale deployment/{scene.book.workload} back to 3"


@pytest.mark.req(77)
def test_a_change_that_the_write_lane_may_not_make_is_said_before_anybody_is_asked(
    open_scene: OpenScene, kube: Kube
) -> None:
    kube.write.write_text(kube.write.read_text().replace("token: change", "token: look"))
    scene = open_scene()
    with pytest.raises(Refused, match=r"The account that would make this change may not: .* cannot patch resource"):
        scene.propose("scale")
    assert scene.asks("ana") == []
    assert scene.cluster.changes == []


@pytest.mark.req(48, 77)
def test_a_rehearsal_in_the_read_lane_says_why_it_was_refused(scene: Scene) -> None:
    one = scene.type(
        f"kubectl rollout undo deployment/{scene.book.workload} --dry-run=server -n {scene.book.namespace}"
    )
    assert scene.ended(one) == "failed"
    run = scene.house.ledger.read(1).runs[f"1.ask{one.number}"]
    assert run.finished
    assert "A dry run on the server needs the same right as the change" in " ".join(run.finished.findings)
    assert [event.lane for event in scene.house.ledger.log(1) if isinstance(event, CommandStarted) and event.ask] == [
        "read"
    ]


NO = 'Error from server (Forbidden): pods is forbidden: User "system:serviceaccount:fireline:fireline-read" cannot list'


@pytest.mark.req(45, 46)
@pytest.mark.parametrize(
    ("said", "word"),
    [
        (f'{NO} resource "pods" in API group "" at the cluster scope', "name it with -n"),
        (f'{NO} resource "pods" in API group "" in the namespace "shop"', "list pods in the namespace shop"),
        (
            "Unable to connect to the server: getting credentials: exec: executable aws not found",
            "signs in by starting aws, which is not on the lane's PATH",
        ),
        (
            "Unable to connect to the server: getting credentials: exec: executable gke-auth failed with exit code 1",
            "gke-auth, which gave no credentials",
        ),
        ("error: You must be logged in to the server (Unauthorized)", "wrong, or expired"),
        ("The connection to the server localhost:8080 was refused - did you specify", "set KUBECONFIG"),
        ("Unable to connect to the server: proxyconnect tcp: dial tcp 127.0.0.1:3128: connection refused", "proxy-url"),
        ("tls: failed to verify certificate: x509: certificate has expired or is not yet valid", "has expired"),
        ("error: Metrics API not available", "no metrics server"),
        ('error: the server doesn\'t have a resource type "rollouts"', "nothing called rollouts"),
    ],
)
def test_what_kubectl_says_when_it_is_not_let_in_is_said_again_in_words_that_help(said: str, word: str) -> None:
    (found,) = denied.of_output(said)
    assert word in found
    assert denied.of_output("deployment.apps/shop restarted") == ()
