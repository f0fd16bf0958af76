"""What GitHub tells of becomes changes, found again before an incident began; nothing of it is an alert."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fireline.core.deploy import Deploy
from fireline.settings import GitHubSettings, Settings
from hooks.porch import Porch, signed

REPOSITORY = {"full_name": "lantern/checkout-web", "name": "checkout-web", "default_branch": "main"}
SHA = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"

LONG_AGO_OR_NEVER = (
    b'{"repository":{"full_name":"a/b","name":"b","pushed_at":99999999999999999},'
    b'"ref":"refs/heads/main","head_commit":{}}'
)


@pytest.fixture
def porch(tmp_path: Path) -> Iterator[Porch]:
    github = GitHubSettings(secrets=("s3cret",), services={"Lantern/Checkout-Web": "checkout"})
    made = Porch(tmp_path, Settings(github=github))
    yield made
    made.close()


def tells(porch: Porch, event: str, body: Any, sign: str | None = None) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps({"repository": REPOSITORY, **body}).encode()
    headers = {"X_GitHub_Event": event, "X_Hub_Signature_256": sign or signed("s3cret", raw)}
    return porch.post("/hooks/github", raw, **headers)


def push(at: datetime, message: str = "Faster carts", **more: Any) -> dict[str, Any]:
    repository = REPOSITORY | {"pushed_at": int(at.timestamp())}
    head = {"id": SHA, "message": message, "url": "https://github.example/c"}
    body = {"ref": "refs/heads/main", "after": SHA, "head_commit": head, "commits": [head, head]}
    return {"repository": repository, "pusher": {"name": "ben"}, **body, **more}


def known(porch: Porch, service: str | None = "checkout") -> list[Deploy]:
    found = porch.deploys.before(porch.at, service)
    return [*found.mine, *found.others]


def test_a_push_to_the_default_branch_is_a_change_of_its_service(porch: Porch) -> None:
    noon = porch.at - timedelta(minutes=10)
    assert tells(porch, "push", push(noon)) == (200, {"stored": 1, "changed": 1})
    (one,) = known(porch)
    assert (one.kind, one.service, one.by, one.sha, one.at) == ("push", "checkout", "ben", SHA, noon)
    assert one.title == "Faster carts (and 1 more)"
    assert porch.firing() == []


@pytest.mark.parametrize("more", [{"ref": "refs/heads/try"}, {"ref": "refs/tags/v1"}, {"deleted": True}])
def test_a_push_elsewhere_changes_nothing(porch: Porch, more: dict[str, Any]) -> None:
    assert tells(porch, "push", push(porch.at, **more)) == (200, {"stored": 0, "changed": 0})


def test_a_deployment_and_what_becomes_of_it_are_one_change_whatever_comes_late(porch: Porch) -> None:
    began = porch.at - timedelta(minutes=30)
    asked = {"id": 7, "ref": "main", "sha": SHA, "created_at": began.isoformat(), "environment": "production"}
    body = {"action": "created", "deployment": asked, "sender": {"login": "ben"}}
    assert tells(porch, "deployment", body)[1]["changed"] == 1
    done = {"state": "success", "created_at": (began + timedelta(minutes=5)).isoformat()}
    assert tells(porch, "deployment_status", body | {"deployment_status": done})[1]["changed"] == 1
    assert tells(porch, "deployment", body)[1]["changed"] == 0, "delivered again, late"
    replaced = done | {"state": "inactive"}
    assert tells(porch, "deployment_status", body | {"deployment_status": replaced})[1]["stored"] == 0
    (one,) = known(porch)
    assert (one.title, one.environment, one.at) == (
        "main to production: success",
        "production",
        began + timedelta(minutes=5),
    )


def test_a_merge_a_release_and_a_workflow_are_changes(porch: Porch) -> None:
    at = (porch.at - timedelta(minutes=1)).isoformat()
    pull = {"id": 1, "number": 2, "title": "Carts", "base": {"ref": "main"}, "merged_at": at}
    refused = {"action": "closed", "pull_request": pull | {"merged": False}}
    assert tells(porch, "pull_request", refused)[1]["stored"] == 0
    tells(porch, "pull_request", {"action": "closed", "pull_request": pull | {"merged": True}})
    tells(porch, "release", {"action": "published", "release": {"id": 3, "tag_name": "v1", "published_at": at}})
    run = {"id": 4, "name": "deploy", "head_branch": "main", "conclusion": "failure", "updated_at": at}
    tells(porch, "workflow_run", {"action": "completed", "workflow_run": run})
    tells(porch, "workflow_run", {"action": "completed", "workflow_run": run | {"id": 5, "head_branch": "try"}})
    assert {(one.kind, one.title) for one in known(porch)} == {
        ("merge", "#2 Carts"),
        ("release", "v1"),
        ("workflow", "deploy: failure"),
    }


def test_a_ping_and_events_of_no_interest_are_answered_and_kept_nowhere(porch: Porch) -> None:
    assert tells(porch, "ping", {"zen": "Keep it simple"}) == (200, {"stored": 0, "changed": 0})
    assert tells(porch, "star", {"action": "created"})[0] == 200


def test_nothing_comes_in_without_the_right_signature(porch: Porch) -> None:
    assert tells(porch, "push", push(porch.at), sign="sha256=" + "0" * 64)[0] == 401
    assert tells(porch, "push", push(porch.at), sign="sha1=0")[0] == 401
    assert known(porch) == []


@pytest.mark.parametrize(
    ("event", "body", "status"),
    [
        ("push", b"{", 400),
        ("push", b'{"repository": {}}', 400),
        ("push", b"payload=%7B%7D", 400),
        ("", b"{}", 400),
        ("push", LONG_AGO_OR_NEVER, 400),
    ],
)
def test_a_broken_body_is_refused(porch: Porch, event: str, body: bytes, status: int) -> None:
    assert tells(porch, event, body)[0] == status


def test_a_store_that_is_away_is_no_2xx(porch: Porch) -> None:
    porch.away("change")
    assert tells(porch, "push", push(porch.at))[0] == 503


def test_githubs_own_examples_are_read(porch: Porch, shared: Path) -> None:
    stored = {}
    for sample in sorted((shared / "contracts/samples/github").glob("*.json")):
        event = sample.stem.removeprefix("webhook_").removesuffix("_completed")
        event = event.removesuffix("_published").removesuffix("_closed")
        status, said = tells(porch, event, sample.read_bytes())
        assert status == 200, sample.name
        stored[event] = said["stored"]
    assert stored == {
        "deployment": 1,
        "deployment_status": 1,
        "pull_request": 0,  # closed without a merge
        "push": 0,  # of a tag that was deleted
        "release": 1,
        "workflow_run": 1,
    }
    porch.at = datetime(2019, 5, 16, tzinfo=UTC)
    assert {(one.kind, one.service) for one in known(porch)} == {("deploy", "Hello-World"), ("release", "Hello-World")}
