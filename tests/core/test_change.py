"""What a command would change is read from its words and from looks that only read; what is not sure is not said."""

from __future__ import annotations

import json
import shlex
from hashlib import sha256
from typing import Any

import pytest

from fireline.core import guard
from fireline.core.approval import digest
from fireline.core.change import Change, Seen, argv, last_resort, understand
from fireline.core.change.model import differences, objects, short
from fireline.shell import parse

OPTIONS = "--max-old-space-size=4096 --heap-prof"
SET_ENV = f'kubectl set env deployment/web NODE_OPTIONS="{OPTIONS}" -n shop'
ENDING = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = 4711;"
CHANGES = (
    ("kubectl scale deployment/web --replicas=10 -n shop", "scale", "deployment/web"),
    ("kubectl scale --replicas 10 deploy web -n shop", "scale", "deployment/web"),
    ("kubectl rollout undo deploy/web --to-revision=3", "rollout undo", "deployment/web"),
    ("kubectl -n shop rollout restart sts/db", "rollout restart", "statefulset/db"),
    (SET_ENV, "set env", "deployment/web"),
    ("kubectl set image deployment/web app=web:2", "set image", "deployment/web"),
    ("kubectl apply -f k8s/limit.yaml", "apply", "k8s/limit.yaml"),
    ("kubectl delete pod web-1 -n shop", "delete pods", "pod/web-1"),
    ("kubectl delete pods -l app=web", "delete pods", "pods with app=web"),
    ("kubectl delete configmap limits", "delete", "configmap/limits"),
    ("kubectl patch deploy web -p '{}'", "patch", "deployment/web"),
    (
        f'kubectl exec -it deploy/postgres -n shop -- psql -U shop -c "{ENDING}"',
        "terminate sessions",
        "deploy/postgres",
    ),
    ('psql -h db-1 -d shop -c "select pg_cancel_backend(12)"', "cancel sessions", "database/shop@db-1"),
    ("sudo systemctl restart postgresql", "restart service", "service/postgresql"),
    ("supervisorctl -c a.conf stop redis", "stop service", "service/redis"),
    ("service nginx reload", "reload service", "service/nginx"),
)
OTHERS = (
    "./fix.sh",
    "kubectl scale deployment/web --replicas=$N",
    "kubectl scale deployment/web --replicas=3 --new-flag=1",
    "kubectl scale deployment/web --replicas=3 > out",
    "kubectl scale deployment/web deployment/api --replicas=3",
    "kubectl delete pod a; kubectl delete pod b",
    'psql -c "SELECT pg_terminate_backend(pid), pg_terminate_backend(pid + 1) FROM pg_stat_activity"',
    'psql -c "SELECT pg_terminate_backend(pid) FROM victims"',
    'psql -c "SELECT 1; SELECT pg_terminate_backend(4)"',
    "kubectl delete secret keys",
)


def deployment(**more: Any) -> dict[str, Any]:
    container = {"name": "app", "image": "web:2", "env": more.pop("env", [])}
    return {
        "kind": "Deployment",
        "metadata": {"name": "web", "annotations": {"deployment.kubernetes.io/revision": "43"}},
        "spec": {"replicas": 3, "template": {"spec": {"containers": [container]}}} | more,
        "status": {"readyReplicas": 2},
    }


def seen(thing: Any, **more: Seen) -> dict[str, Seen]:
    return {"now": Seen(0, json.dumps(thing)), **more}


def change(text: str) -> Change:
    return understand(text, parse)


@pytest.mark.req(77)
@pytest.mark.parametrize(("text", "kind", "target"), CHANGES)
def test_a_change_is_known_by_its_words(text: str, kind: str, target: str) -> None:
    found = change(text)
    assert (found.kind, found.object) == (kind, target)


@pytest.mark.req(77)
@pytest.mark.parametrize("text", [text for text, _, _ in CHANGES])
def test_every_look_only_reads_and_runs_by_itself(text: str) -> None:
    looks = change(text).looks
    assert looks
    for look in looks.values():
        verdict = guard.judge(look, parse=parse)
        assert (str(verdict.effect), verdict.unattended) == ("read", True), look


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_not_understood_for_sure_has_no_looks(text: str) -> None:
    assert change(text).looks == {}


@pytest.mark.req(77)
@pytest.mark.parametrize(("text", "kind", "target"), CHANGES)
def test_when_every_look_fails_there_is_no_preview_and_a_reason(text: str, kind: str, target: str) -> None:
    found = change(text)
    told = found.tell({name: Seen(1, "error: the server is away") for name in found.looks})
    if "service" not in kind:  # the status of a service that is down is an exit code, and worth reading
        assert told.preview == ""
        assert told.trouble
    assert told.undo == "" or "service" in kind
    assert told.undone


@pytest.mark.req(72)
def test_a_value_with_spaces_is_one_argument_and_so_is_its_undo() -> None:
    words = argv(SET_ENV, parse)
    assert words is not None
    assert words[4] == f"NODE_OPTIONS={OPTIONS}"
    told = change(SET_ENV.replace(OPTIONS, "x")).tell(
        seen(deployment(env=[{"name": "NODE_OPTIONS", "value": OPTIONS}]))
    )
    assert shlex.split(told.undo)[4] == f"NODE_OPTIONS={OPTIONS}"


@pytest.mark.req(66)
def test_a_scale_to_nothing_says_that_nothing_answers() -> None:
    told = change("kubectl scale deployment/web --replicas=0").tell(seen(deployment()))
    assert told.blast == "Stops all 3 pods of deployment/web: nothing answers for it then."


def test_an_autoscaler_that_will_take_it_back_is_named() -> None:
    scaler = {"kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}}
    scaler["spec"] = {"minReplicas": 2, "maxReplicas": 8, "scaleTargetRef": {"kind": "Deployment", "name": "web"}}
    scalers = Seen(0, json.dumps({"kind": "List", "items": [scaler]}))
    told = change("kubectl scale deployment/web --replicas=10").tell(seen(deployment(), scalers=scalers))
    assert "The autoscaler web keeps it between 2 and 8: it will take this back" in told.preview


def test_an_undo_is_never_made_of_a_masked_value() -> None:
    now = seen(deployment(env=[{"name": "TOKEN", "value": "[masked]"}]))
    now = {"now": Seen(0, now["now"].output, masked=1)}
    told = change("kubectl set env deployment/web TOKEN=new").tell(now)
    assert told.undo == "kubectl rollout undo deployment/web --to-revision=43"


def test_a_value_that_comes_from_a_secret_is_put_back_by_revision() -> None:
    env = [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}}]
    told = change("kubectl set env deployment/web TOKEN=new").tell(seen(deployment(env=env)))
    assert told.undo == "kubectl rollout undo deployment/web --to-revision=43"


def test_recreating_stops_everything_at_once_and_says_so() -> None:
    told = change("kubectl rollout restart deployment/web").tell(seen(deployment(strategy={"type": "Recreate"})))
    assert told.blast == "Stops all 3 pods of deployment/web at once before new ones start: nothing answers meanwhile."


@pytest.mark.req(70)
def test_a_last_resort_is_called_one_or_is_the_restart_of_what_holds_data() -> None:
    assert last_resort(change("./reset.sh"), "Reset everything (LAST RESORT)")
    assert last_resort(change("kubectl rollout restart statefulset/db"))
    assert last_resort(change("systemctl restart postgresql"))
    assert not last_resort(change("kubectl rollout restart deployment/web"), "Restart the pods")
    assert not last_resort(change("supervisorctl restart redis"))


@pytest.mark.req(69)
def test_the_rows_that_are_listed_are_those_of_the_same_predicate() -> None:
    found = change(f'psql -d shop -c "{ENDING}"')
    look = shlex.split(found.looks["sessions"])
    assert look[-1].endswith("FROM pg_stat_activity WHERE pid = 4711")
    gone = found.tell({"sessions": Seen(0, "")})
    assert gone.refused == "It is gone already: no session has that PID."
    sender = {"pid": 7, "type": "walsender", "app": "standby1", "user": "r", "state": "active", "seconds": 9}
    told = found.tell({"sessions": Seen(0, json.dumps(sender))})
    assert told.refused.startswith("It would end PostgreSQL's own work (walsender 7).")


def test_the_digest_of_a_command_alone_is_what_it_always_was_and_no_part_runs_into_the_next() -> None:
    assert digest("ls") == digest("ls", "", "") == sha256(b"ls").hexdigest()
    assert digest("a", "bc") != digest("ab", "c")
    assert digest("a", "b", "") != digest("a", "", "b")


def test_kubectl_s_lists_and_several_documents_are_taken_apart() -> None:
    assert objects('{"kind":"List","items":[{"a":1},{"a":2}]}\n{"kind":"Pod"}\n') == [
        {"a": 1},
        {"a": 2},
        {"kind": "Pod"},
    ]
    assert objects("No resources found") == []


def test_differences_speak_only_of_what_is_wanted_otherwise() -> None:
    now = {"spec": {"replicas": 1, "paused": False, "containers": [{"name": "a", "image": "x"}, {"name": "b"}]}}
    wanted = {"spec": {"replicas": 2, "containers": [{"name": "a", "image": "y"}]}}
    assert differences(now, wanted) == ["spec.replicas: 1 → 2", "spec.containers[a].image: x → y"]


def test_a_long_preview_is_cut_and_the_rest_is_counted() -> None:
    assert short("\n".join("abc" for _ in range(70))).endswith("\n… 10 more lines")
