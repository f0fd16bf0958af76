"""The rule: the account our documentation tells to make is one a cluster takes, and may only look."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from fireline.core.question.kinds import KINDS

PAGE = Path(__file__).resolve().parents[2] / "docs/integrations/kubernetes.md"


@pytest.fixture(scope="module")
def manifest() -> list[dict[str, Any]]:
    block = re.search(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert block
    return list(yaml.safe_load_all(block[1]))


def test_every_object_is_one_that_kubernetes_takes(manifest: list[dict[str, Any]]) -> None:
    for one in manifest:
        kubernetes_validate.validate(one, "1.36", strict=True)


def test_it_may_look_and_nothing_else(manifest: list[dict[str, Any]]) -> None:
    rules = [rule for one in manifest if one["kind"] == "ClusterRole" for rule in one["rules"]]
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list", "watch"}
    seen = {thing for rule in rules for thing in rule["resources"]}
    assert not seen & {"*", "secrets", "pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy"}


def test_it_may_look_at_everything_that_is_asked_without_the_program(manifest: list[dict[str, Any]]) -> None:
    rules = [rule for one in manifest if one["kind"] == "ClusterRole" for rule in one["rules"]]
    may = {(group, thing) for rule in rules for group in rule["apiGroups"] for thing in rule["resources"]}
    asked = {(kind.version.rpartition("/")[0], kind.plural) for kind in KINDS}
    assert asked - may == set()
