"""GitHub: what was pushed, merged, released and deployed, as changes. Nothing of it is an alert.

https://docs.github.com/en/webhooks/webhook-events-and-payloads. Every change has a name of GitHub's own in its key,
so a webhook that is delivered again is the same change.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from fireline.core.deploy import Deploy
from fireline.core.outside import clean, read, utc
from fireline.core.redaction import mask
from fireline.core.refusal import Refused

SOURCE = "github"
TITLE_MAX = 200  # characters: the first line of a message
# a deployment that waits, or that a newer one replaced, changed nothing; https://docs.github.com/rest/deployments/statuses
NO_CHANGE = frozenset({"queued", "pending", "inactive"})


class Person(msgspec.Struct, frozen=True):
    """An account, or a pusher, who has a name only."""

    login: str = ""
    name: str | None = None


class Repository(msgspec.Struct, frozen=True):
    """`pushed_at` is Unix seconds in a push, and a time everywhere else."""

    full_name: str
    name: str
    default_branch: str = "main"
    html_url: str = ""
    pushed_at: int | str | None = None


class Commit(msgspec.Struct, frozen=True):
    """The newest commit of a push."""

    id: str = ""
    message: str = ""
    url: str = ""


class Deployment(msgspec.Struct, frozen=True):
    """A deployment that was asked for."""

    id: int
    ref: str
    sha: str
    created_at: datetime
    environment: str = ""
    description: str | None = None
    creator: Person | None = None


class Status(msgspec.Struct, frozen=True):
    """How far a deployment is."""

    state: str
    created_at: datetime
    target_url: str | None = None
    log_url: str | None = None


class Release(msgspec.Struct, frozen=True):
    """A release; the title may be empty."""

    id: int
    tag_name: str
    html_url: str = ""
    name: str | None = None
    draft: bool = False
    published_at: datetime | None = None
    author: Person | None = None


class Run(msgspec.Struct, frozen=True):
    """A workflow that ended."""

    id: int
    updated_at: datetime
    name: str | None = None
    head_branch: str | None = None
    head_sha: str = ""
    html_url: str = ""
    conclusion: str | None = None
    run_attempt: int = 1
    actor: Person | None = None


class Branch(msgspec.Struct, frozen=True):
    """Where a pull request goes."""

    ref: str


class Pull(msgspec.Struct, frozen=True):
    """A pull request that was closed."""

    id: int
    number: int
    title: str
    base: Branch
    html_url: str = ""
    merged: bool = False
    merged_at: datetime | None = None
    merge_commit_sha: str | None = None
    merged_by: Person | None = None
    user: Person | None = None


class Webhook(msgspec.Struct, frozen=True):
    """The body of any of them; what an event needs is there when it is that event."""

    repository: Repository
    action: str = ""
    sender: Person | None = None
    ref: str = ""
    after: str = ""
    compare: str = ""
    deleted: bool = False
    commits: list[msgspec.Raw] = []
    head_commit: Commit | None = None
    pusher: Person | None = None
    deployment: Deployment | None = None
    deployment_status: Status | None = None
    release: Release | None = None
    workflow_run: Run | None = None
    pull_request: Pull | None = None


_webhook = msgspec.json.Decoder(Webhook)
Kind = Literal["deploy", "push", "release", "workflow", "merge"]


def from_webhook(event: str, body: bytes, at: datetime, services: Mapping[str, str]) -> Deploy | None:
    """The change in a webhook; None for one that changed nothing, such as a ping. Raises `Refused(400)`.

    `event` is the header X-GitHub-Event; `services` maps owner/name to the service, else the repository's own name.
    """
    if event not in {"push", "deployment", "deployment_status", "release", "workflow_run", "pull_request"}:
        return None
    one = read(_webhook, body, f"GitHub webhook of the event {event}")
    repository = one.repository
    own = {name.lower(): service for name, service in services.items()}
    service = own.get(repository.full_name.lower(), repository.name)

    def change(kind: Kind, name: str, when: datetime, **words: str | None) -> Deploy:
        said = {key: mask(clean(text)).text for key, text in words.items() if text}
        title = said.pop("title", "").strip().partition("\n")[0][:TITLE_MAX]
        key = f"github:{repository.full_name}:{name}"
        return Deploy(key=key, at=utc(when), kind=kind, source=SOURCE, service=service, title=title, **said)

    match one:
        case Webhook(head_commit=Commit() as head) if event == "push":
            if one.deleted or one.ref != f"refs/heads/{repository.default_branch}":
                return None
            more = len(one.commits) - 1
            title = head.message.strip().partition("\n")[0] + (f" (and {more} more)" if more > 0 else "")
            return change(
                "push", f"push:{one.after}", _pushed(repository, at), ref=repository.default_branch, sha=one.after,
                title=title, by=_who(one.pusher, one.sender), url=one.compare,
            )  # fmt: skip
        case Webhook(deployment=Deployment() as made) if event in {"deployment", "deployment_status"}:
            status = one.deployment_status
            if status and status.state in NO_CHANGE:
                return None
            what = made.description or f"{made.ref} to {made.environment or 'an environment without a name'}"
            link = (status.target_url or status.log_url) if status else ""
            return change(
                "deploy", f"deployment:{made.id}", status.created_at if status else made.created_at, ref=made.ref,
                sha=made.sha, title=f"{what}: {status.state.replace('_', ' ') if status else 'asked for'}",
                by=_who(made.creator, one.sender), url=link or f"{repository.html_url}/deployments",
                environment=made.environment,
            )  # fmt: skip
        case Webhook(action="published", release=Release() as made) if event == "release" and not made.draft:
            return change(
                "release", f"release:{made.id}", made.published_at or at, ref=made.tag_name,
                title=made.name or made.tag_name, by=_who(made.author, one.sender), url=made.html_url,
            )  # fmt: skip
        case Webhook(action="completed", workflow_run=Run() as run) if event == "workflow_run":
            if run.head_branch != repository.default_branch:
                return None
            return change(
                "workflow", f"run:{run.id}:{run.run_attempt}", run.updated_at, ref=run.head_branch, sha=run.head_sha,
                title=f"{run.name or 'a workflow'}: {run.conclusion or 'ended'}", by=_who(run.actor, one.sender),
                url=run.html_url,
            )  # fmt: skip
        case Webhook(action="closed", pull_request=Pull(merged=True) as pull) if event == "pull_request":
            return change(
                "merge", f"pull:{pull.id}", pull.merged_at or at, ref=pull.base.ref, sha=pull.merge_commit_sha,
                title=f"#{pull.number} {pull.title}", by=_who(pull.merged_by, pull.user), url=pull.html_url,
            )  # fmt: skip
        case _:
            return None


def _who(*people: Person | None) -> str:
    return next((found for one in people if one and (found := one.login or one.name)), "")


def _pushed(repository: Repository, at: datetime) -> datetime:
    """When the push came; the commits' own times may be weeks old."""
    seconds: Any = repository.pushed_at
    if not isinstance(seconds, int):
        return at
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError) as trouble:
        raise Refused(f"{seconds} is no time of a push.", status=400, field="repository.pushed_at") from trouble
