"""Manifests that are applied when it burns: what the server would change is seen, what it would not take is refused.

The files are those that we ship. They are validated twice: against the vendor's schema, and by the stand-in API server,
whose dry run is asked before anybody is.
"""

from __future__ import annotations

from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from fireline.core.refusal import Refused
from mitigations.conftest import BOTH
from mitigations.scene import EXAMPLES, Scene

SHIPPED = EXAMPLES / "runbooks" / "manifests"


def put(scene: Scene, name: str, *changes: tuple[str, str]) -> Path:
    """Put a shipped manifest where the runbook's command looks for it, for the runbook's namespace."""
    text = (SHIPPED / f"{name}.yaml").read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    objects = list(yaml.safe_load_all(text))
    for one in objects:
        one["metadata"]["namespace"] = scene.book.namespace
    wanted = scene.command("limit" if "limit" in name else "breaker").text.split("-f ")[1].split()[0]
    path = scene.street / wanted
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump_all(objects))
    return path


@BOTH
@pytest.mark.req(67, 75, 77)
def test_a_strict_limit_is_previewed_by_the_server_applied_and_taken_off_again(scene: Scene) -> None:
    for one in yaml.safe_load_all(put(scene, "rate-limit-strict").read_text()):
        kubernetes_validate.validate(one, "1.36", strict=True)
    ask = scene.propose("limit")
    assert 'nginx.ingress.kubernetes.io/limit-rps: "5"' in str(ask.asked.preview)
    assert str(ask.asked.preview).startswith("diff ")  # the server's own word, not our reading of the file
    assert ask.asked.blast == "It creates ingress/shop-rate-limit-strict."
    assert scene.cluster.changes == []
    assert scene.agree(ask) == "ok"
    placed = ("ingresses", scene.book.namespace, "shop-rate-limit-strict")
    assert placed in scene.cluster.objects
    owed = scene.owes()
    assert owed.taken.kind == "limit"
    assert owed.taken.undo.startswith("kubectl delete ingress/shop-rate-limit-strict")
    assert scene.taken_back(owed) == "undone"
    assert placed not in scene.cluster.objects


@pytest.mark.req(73, 75, 77)
def test_the_circuit_breaker_is_applied_whole_and_its_undo_takes_all_of_it_away(scene: Scene) -> None:
    for one in yaml.safe_load_all(put(scene, "circuit-breaker").read_text()):
        kubernetes_validate.validate(one, "1.36", strict=True)
    ask = scene.propose("breaker")
    names = ("configmap/payment-breaker", "deployment/payment-breaker", "service/payment-breaker")
    assert str(ask.asked.blast) == f"It creates {', '.join(names)}."
    assert scene.agree(ask) == "ok"
    there = {(key[0], key[2]) for key in scene.cluster.objects if key[2] == "payment-breaker"}
    assert there == {(f"{name.partition('/')[0]}s", "payment-breaker") for name in names}
    owed = scene.owes()
    assert owed.taken.kind == "circuit breaker"
    assert scene.taken_back(owed) == "undone"
    assert not {key for key in scene.cluster.objects if key[2] == "payment-breaker"}


@pytest.mark.req(67, 73, 77)
@pytest.mark.parametrize(
    ("name", "old", "new", "why"),
    [
        ("circuit-breaker", "replicas: 2", "replicas: two", "must be of type integer"),
        ("circuit-breaker", "image: nginxinc/nginx-unprivileged:1.27-alpine", "tty: true", "image: Required"),
        ("rate-limit-strict", "pathType: Prefix", "pathWay: Prefix", "pathType: Required"),
    ],
)
def test_a_manifest_that_the_server_would_not_take_is_not_even_asked_for(
    scene: Scene, name: str, old: str, new: str, why: str
) -> None:
    put(scene, name, (old, new))
    with pytest.raises(Refused, match=why) as no:
        scene.propose("limit" if "limit" in name else "breaker")
    assert no.value.sentence.startswith(("The server would not take it", "The file could not be read"))
    assert scene.cluster.changes == []


@pytest.mark.req(67, 77)
def test_a_file_that_changes_after_the_yes_voids_it(scene: Scene) -> None:
    path = put(scene, "rate-limit-strict")
    ask = scene.propose("limit")
    path.write_text(path.read_text().replace("limit-rps: '5'", "limit-rps: '1'"))
    assert scene.agree(ask) == "void: Its file is no longer what it was when people said yes."
    assert scene.cluster.changes == []


@pytest.mark.req(67, 78)
def test_a_file_for_another_namespace_is_refused(scene: Scene) -> None:
    path = put(scene, "rate-limit-strict")
    path.write_text(path.read_text().replace(f"namespace: {scene.book.namespace}", "namespace: default"))
    with pytest.raises(Refused, match=r"names the namespace default|does not match the namespace"):
        scene.propose("limit")
    assert scene.cluster.changes == []
