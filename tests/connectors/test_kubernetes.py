"""The rule: what is asked of a cluster without kubectl reads as kubectl's own output, and says first what matters."""

from __future__ import annotations

import re
import shlex
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from contracts.wire import Serve
from fireline.connectors.http import Temporary
from fireline.connectors.kubernetes import Kubernetes
from fireline.core.question import Answer, Unusable
from fireline.core.question.kinds import DEPLOYMENT, POD
from fireline.core.question.kubectl import Where, understand
from kube import Kube, status, story

AGES = re.compile(r"\b\d+[smhd](?:\d+[smhd])?\b")
Ask = Callable[..., Answer]


@pytest.fixture
def kubernetes() -> Iterator[Kubernetes]:
    one = Kubernetes()
    yield one
    one.close()


@pytest.fixture
def ask(kube: Kube, kubernetes: Kubernetes) -> Ask:
    """Ask what a command asks, with the read lane's credentials."""

    def answer(text: str, seconds: float = 20.0, onset: datetime | None = None) -> Answer:
        question = understand(shlex.split(text), kube.environment("read"))
        assert question is not None, text
        return kubernetes.answer(question, seconds, onset)

    return answer


@pytest.fixture
def till(kube: Kube) -> list[str]:
    """The till: three pods, of which one is killed for its memory again and again and one finds no node."""
    cluster = kube.production.cluster
    story.deployment(cluster, "till", "prod", "till:1", replicas=3, containers={"proxy": "envoy:1"})
    story.deployment(cluster, "db", "prod", "postgres:15", kind="StatefulSet", replicas=1)
    well, lost, killed = story.pods(cluster, "till", "prod")
    no_node = "0/1 nodes are available: 1 Insufficient memory."
    cluster.become("prod", lost["metadata"]["name"], status.unschedulable(no_node, cluster.now()))
    oom = status.crashing(killed, cluster.now(), reason="OOMKilled", exit_code=137)
    cluster.become("prod", killed["metadata"]["name"], oom)
    cluster.event(killed, "BackOff", "Back-off restarting failed container", kind="Warning", count=4)
    cluster.say("prod", well["metadata"]["name"], "took 3 pounds", "ERROR the drawer is stuck")
    cluster.before["prod", killed["metadata"]["name"], "app"] = ["out of change"]
    return [one["metadata"]["name"] for one in (well, lost, killed)]


def fixed(at: datetime) -> Callable[[], datetime]:
    """A clock that stands."""
    return lambda: at


LOOKS = """
kubectl get pods
kubectl get pods -n prod -o wide
kubectl get pods --no-headers
kubectl get pods --show-labels -l app=till
kubectl get pods -A
kubectl get pods -n nothing
kubectl get pods -A -l app=nobody
kubectl get pods --sort-by=.metadata.name
kubectl get pods -o name
kubectl get pod nope
kubectl get pod a b
kubectl get deploy/checkout
kubectl get deploy -o wide
kubectl get deploy -o name
kubectl get rs
kubectl get sts
kubectl get nodes
kubectl get ns
kubectl get cm
kubectl get events --sort-by=.lastTimestamp
kubectl get events -A --sort-by='{.lastTimestamp}'
kubectl rollout history deploy/checkout
kubectl rollout history deployment/db
kubectl rollout history sts/db
kubectl rollout status deploy/checkout
kubectl rollout status deployment/nope
kubectl logs deploy/till -c app --tail=3
kubectl logs deploy/till --tail=3
kubectl logs deploy/till --tail=3 --previous
kubectl logs deploy/nope --tail=3
kubectl logs till-x --tail=3
kubectl logs db-0 --tail=1
kubectl top pods
kubectl top pods -A
kubectl top pods --sort-by=memory
kubectl top nodes
kubectl top pods -n nothing
kubectl describe pod db-0
kubectl describe pod nope
kubectl describe pod till
kubectl describe pods -l app=till
kubectl get pods --context nowhere
kubectl get pods --context staging
""".strip().splitlines()


@pytest.mark.req(45, 46, 47, 48, 57, 135)
@pytest.mark.usefixtures("till")
def test_every_answer_reads_as_kubectls(ask: Ask, kube: Kube) -> None:
    for text in LOOKS:
        said, ours = kube.kubectl(*shlex.split(text)[1:]), ask(text)
        # kubectl writes its remarks to another pipe, and pods that are not ready stand first with us
        theirs, mine = (sorted(AGES.sub("age", one).split("\n")) for one in (said.stdout + said.stderr, ours.output))
        assert [re.sub(r" +", " ", line) for line in mine] == [re.sub(r" +", " ", line) for line in theirs], text
        assert ours.exit_code == said.returncode, text
    assert kube.production.cluster.changes == []


@pytest.mark.req(46)
def test_pods_that_are_not_ready_come_first_with_the_reason(ask: Ask, till: list[str]) -> None:
    answer = ask("kubectl get pods -n prod")
    _, lost, killed = till
    listed = [line.split()[0] for line in answer.output.splitlines()[1:]]
    assert set(listed[:2]) == {lost, killed}
    count, first, second = answer.findings
    assert count == "2 of 6 pods are not ready."
    assert first.startswith(f"{killed}: CrashLoopBackOff: container app was OOMKilled (exit 137")
    assert second == f"{lost}: Pending: no node takes it: 0/1 nodes are available: 1 Insufficient memory."
    assert answer.ran.startswith("GET https://127.0.0.1:")
    assert "/api/v1/namespaces/prod/pods?" in answer.ran


@pytest.mark.req(46)
def test_an_image_that_cannot_be_pulled_is_named(ask: Ask, kube: Kube) -> None:
    cluster = kube.production.cluster
    cluster.broken["checkout:v9"] = "ImagePullBackOff"
    story.release(cluster, "checkout", "prod", "checkout:v9")
    assert "ImagePullBackOff: container app cannot pull its image checkout:v9" in ask("kubectl get pods").findings[1]
    assert ask("kubectl get deploy").findings == ()
    waited = ask("kubectl rollout status deploy/checkout --timeout=1s", 4)
    assert waited.exit_code == 1
    assert waited.output.endswith("error: timed out waiting for the condition\n")
    assert waited.findings[0].startswith("Not done: deployment")
    assert "cannot pull its image" in waited.findings[2]


@pytest.mark.req(45)
def test_the_newest_change_before_the_onset_is_told(ask: Ask, kube: Kube) -> None:
    cluster = kube.production.cluster
    onset = datetime.now(UTC) - timedelta(hours=1)
    for minutes, image, cause in ((900, "desk:1", ""), (75, "desk:2", "new drawer"), (20, "desk:3", "")):
        cluster.now = fixed(datetime.now(UTC) - timedelta(minutes=minutes))
        if image == "desk:1":
            story.deployment(cluster, "desk", "prod", image)
        else:
            story.release(cluster, "desk", "prod", image, cause=cause)
    answer = ask("kubectl rollout history deployment/desk -n prod", onset=onset)
    assert "2         new drawer" in answer.output
    assert answer.findings == (
        "The newest change before it began is revision 2 (image desk:2), “new drawer”, made 15m before.",
        "Before that ran revision 1 (image desk:1).",
        "After it began came revision 3 (image desk:3), 20m ago.",
    )


@pytest.mark.usefixtures("till")
def test_another_kind_of_that_name_is_pointed_out(ask: Ask) -> None:
    answer = ask("kubectl rollout history deployment/db -n prod")
    assert "db is a StatefulSet here: statefulset/db." in answer.findings[0]


@pytest.mark.req(47)
def test_a_described_pod_comes_with_its_events(ask: Ask, till: list[str]) -> None:
    answer = ask(f"kubectl describe pod {till[2]} -n prod")
    assert "Reason:       OOMKilled" in answer.output
    assert "Back-off restarting failed container" in answer.output
    assert any(finding.startswith(f"BackOff on pod {till[2]}") for finding in answer.findings)


@pytest.mark.req(48)
def test_lines_of_one_pod_say_how_its_fellows_are(ask: Ask, till: list[str]) -> None:
    answer = ask("kubectl logs deployment/till -n prod -c app --tail=100")
    assert answer.output.endswith("took 3 pounds\nERROR the drawer is stuck\n")
    errors, fellows = answer.findings
    assert errors == "1 of 2 lines speak of errors, the last one: ERROR the drawer is stuck"
    assert till[2] in fellows
    assert ask(f"kubectl logs {till[2]} -c app --tail=5 --previous").output == "out of change\n"
    assert "--previous" in ask(f"kubectl logs {till[2]} -c app --tail=5").findings[-1]


@pytest.mark.req(48)
def test_a_followed_log_ends_by_itself(ask: Ask, kube: Kube, till: list[str]) -> None:
    cluster, said = kube.production.cluster, threading.Event()

    def speak() -> None:
        following = lambda: any("follow=true" in path for path in cluster.asked)  # noqa: E731
        with cluster.changed:
            assert cluster.changed.wait_for(following, 10)
        cluster.say("prod", till[0], "it opened")
        said.set()

    speaker = threading.Thread(target=speak)
    speaker.start()
    answer = ask(f"kubectl logs -f {till[0]} -c app --tail=1", seconds=1.5)
    speaker.join(10)
    assert said.is_set()
    assert (answer.exit_code, answer.output) == (0, "ERROR the drawer is stuck\nit opened\n")
    assert answer.findings[-1].startswith("Followed for")


@pytest.mark.req(57)
def test_the_greediest_pods_are_named_and_a_missing_metrics_server_is_explained(ask: Ask, kube: Kube) -> None:
    cluster = kube.production.cluster
    first, second = story.pods(cluster, "checkout", "prod")
    cluster.usage[first["metadata"]["name"]] = ("900m", "60Mi")
    cluster.usage[second["metadata"]["name"]] = ("20m", "900Mi")
    answer = ask("kubectl top pods -n prod --sort-by=cpu")
    assert answer.output.splitlines()[1].split() == [first["metadata"]["name"], "901m", "68Mi"]
    assert answer.findings == (
        f"Most CPU: {first['metadata']['name']} with 901m. Most memory: {second['metadata']['name']} with 908Mi.",
    )
    cluster.metrics = False
    answer = ask("kubectl top pods -n prod")
    assert (answer.output, answer.exit_code) == ("error: Metrics API not available\n", 1)
    assert "has no metrics server" in answer.findings[0]
    assert "Prometheus" in answer.findings[1]


@pytest.mark.req(135)
def test_events_are_handed_out_as_data_from_a_time_on(kube: Kube, kubernetes: Kubernetes) -> None:
    cluster, now = kube.production.cluster, datetime.now(UTC).replace(microsecond=0)
    pod = story.pods(cluster, "checkout", "prod")[0]
    for minutes, reason in ((90, "Pulled"), (9, "Unhealthy"), (3, "BackOff")):
        cluster.now = fixed(now - timedelta(minutes=minutes))
        cluster.event(pod, reason, "x", kind="Normal" if reason == "Pulled" else "Warning")
    where = Where(kubeconfig=str(kube.read), home="")
    seen = kubernetes.events(where, now - timedelta(minutes=30), namespace="prod")
    told = [(one.reason, one.at, one.warning) for one in seen if one.kind == "Pod"]
    assert told == [
        ("Unhealthy", now - timedelta(minutes=9), True),
        ("BackOff", now - timedelta(minutes=3), True),
    ]


def test_things_of_a_kind_are_named_those_that_are_not_ready_first(
    kube: Kube, kubernetes: Kubernetes, till: list[str]
) -> None:
    where = Where(kubeconfig=str(kube.read), home="")
    listed = kubernetes.names(POD, where, namespace="prod", labels="app=till")
    assert (set(listed[:2]), listed[2]) == (set(till[1:]), till[0])
    assert kubernetes.names(DEPLOYMENT, where) == ("checkout", "till")


def test_rows_come_in_pieces_and_are_put_together(ask: Ask, kube: Kube) -> None:
    cluster = kube.production.cluster
    cluster.page = 3  # objects the server gives at once
    story.deployment(cluster, "many", "prod", "many:1", replicas=8)
    assert len(ask("kubectl get pods -l app=many --no-headers").output.splitlines()) == 8
    assert len([one for one in cluster.requests if "continue=" in one.path]) == 2


def test_a_list_that_the_server_forgets_half_way_is_left_to_kubectl(ask: Ask, kube: Kube) -> None:
    kube.production.cluster.page, kube.production.cluster.forgets = 1, True
    with pytest.raises(Unusable, match="forgotten half-way"):
        ask("kubectl get pods")


def test_a_refusal_to_look_is_a_finding(ask: Ask, kube: Kube) -> None:
    kube.production.fail_with = (403, "Forbidden", 'pods is forbidden: User "reader" cannot list resource "pods"')
    answer = ask("kubectl get pods")
    assert answer.output == f"Error from server (Forbidden): {kube.production.fail_with[2]}\n"
    assert answer.exit_code == 1
    assert "The read lane may not see this (403)" in answer.findings[0]


def test_credentials_that_are_not_taken_are_a_finding(ask: Ask, kube: Kube) -> None:
    kube.read.write_text(kube.read.read_text().replace("token: look", "token: old"))
    answer = ask("kubectl get pods")
    assert answer.output == "error: You must be logged in to the server (Unauthorized)\n"
    assert "does not take the read lane's credentials (401)" in answer.findings[0]


def test_rotated_credentials_are_read_again(ask: Ask, kube: Kube) -> None:
    good = kube.read.read_text()
    assert ask("kubectl get pods").exit_code == 0
    kube.read.write_text(good.replace("token: look", "token: old"))
    assert ask("kubectl get pods").exit_code == 1
    kube.read.write_text(good)
    assert ask("kubectl get pods").exit_code == 0


def test_a_server_in_trouble_is_a_finding(ask: Ask, kube: Kube) -> None:
    kube.production.fail_with = (500, "InternalError", "etcdserver: request timed out")
    answer = ask("kubectl get pods")
    assert answer.output == "Error from server (InternalError): etcdserver: request timed out\n"
    assert "is itself in trouble" in answer.findings[0]


def test_a_server_that_hangs_is_a_finding_in_time(ask: Ask, kube: Kube) -> None:
    kube.production.hang.set()
    answer = ask("kubectl get pods", seconds=0.5)
    assert answer.output.startswith("Unable to connect to the server: context deadline exceeded")
    assert "did not answer in time" in answer.findings[0]


def test_a_refused_connection_is_a_finding(ask: Ask, kube: Kube, nobody: str) -> None:
    port = nobody.rstrip("/").rpartition(":")[2]
    kube.read.write_text(re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{port}", kube.read.read_text()))
    answer = ask("kubectl get pods")
    place = f"127.0.0.1:{port}"
    assert answer.output == (
        f"The connection to the server {place} was refused - did you specify the right host or port?\n"
    )
    assert f"context production (https://{place}) refused the connection" in answer.findings[0]


def test_a_certificate_that_nobody_trusts_is_a_finding(ask: Ask, kube: Kube, serve: Serve, tls: ssl.SSLContext) -> None:
    wire = serve(b"", tls=tls)
    kube.read.write_text(re.sub(r"https://127\.0\.0\.1:\d+", wire.url.rstrip("/"), kube.read.read_text()))
    assert "a certificate that cannot be trusted" in ask("kubectl get pods").findings[0]
    assert wire.heard == []  # no token was sent


@pytest.mark.req(78)
def test_a_context_that_is_not_there_is_a_finding_with_those_that_are(ask: Ask, kube: Kube) -> None:
    answer = ask("kubectl get pods --context produktion")
    assert answer.output == "Error in configuration: context was not found for specified context: produktion\n"
    assert answer.findings == ("The read lane's kubeconfig has no context produktion. It has: production, staging.",)
    ask("kubectl get pods --context staging")
    assert [one.path for one in kube.production.cluster.requests] == []
    assert len(kube.staging.cluster.requests) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"users": {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "aws"}}},
        {"users": {"as": "admin"}},
        {"clusters": {"proxy-url": "http://127.0.0.1:1"}},
        {"clusters": {"tls-server-name": "elsewhere"}},
        {"users": {"tokenFile": "token"}},
    ],
)
def test_what_only_kubectl_can_read_is_left_to_it(ask: Ask, kube: Kube, change: dict[str, dict[str, object]]) -> None:
    config = yaml.safe_load(kube.read.read_text())
    for part, more in change.items():
        for one in config[part]:
            one[part.removesuffix("s")] |= more
    kube.read.write_text(yaml.safe_dump(config))
    with pytest.raises(Unusable, match="a kubeconfig with"):
        ask("kubectl get pods")
    assert kube.production.cluster.requests == []


@pytest.mark.parametrize("named", ["", "relative/config", "/nowhere/config", "{one}:{one}"])
def test_without_one_kubeconfig_the_program_is_started(kube: Kube, kubernetes: Kubernetes, named: str) -> None:
    question = understand(["kubectl", "get", "pods"], {"KUBECONFIG": named.format(one=kube.read), "HOME": "/nowhere"})
    assert question is not None
    with pytest.raises(Unusable):
        kubernetes.answer(question, 1.0)


def test_a_kubeconfig_in_the_home_folder_is_found(kube: Kube, kubernetes: Kubernetes, tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(kube.read.read_text())
    question = understand(["kubectl", "get", "pods"], {"HOME": str(tmp_path)})
    assert question is not None
    assert "checkout" in kubernetes.answer(question, 10.0).output


def test_looks_without_a_command_raise_what_is_wrong(kube: Kube, kubernetes: Kubernetes) -> None:
    kube.production.fail_with = (503, "ServiceUnavailable", "no leader")
    with pytest.raises(Temporary, match="is itself in trouble"):
        kubernetes.names(POD, Where(kubeconfig=str(kube.read), home=""))


def test_many_threads_share_few_connections(ask: Ask, kube: Kube) -> None:
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda: answers.append(ask("kubectl get pods"))) for _ in range(24)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert [one.exit_code for one in answers] == [0] * 24
    assert kube.production.connections <= 8
