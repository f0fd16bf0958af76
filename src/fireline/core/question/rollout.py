"""Roll-outs: which revisions a workload had, which one is the first to be suspected, and whether one is done.

Takes objects as the Kubernetes API gives them (JSON).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fireline.core.question.columns import age, tabbed, when

Thing = dict[str, Any]

NOTES = "deployment.kubernetes.io/"
REVISION, ROLLED_BACK = f"{NOTES}revision", f"{NOTES}revision-history"
CAUSE = "kubernetes.io/change-cause"


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a workload. `at` is None where the cluster does not keep when it became current."""

    number: int
    cause: str
    images: tuple[str, ...]
    at: datetime | None


def of_replica_sets(deployment: Thing, sets: Iterable[Thing]) -> tuple[Revision, ...]:
    """A deployment's revisions, the oldest first.

    A replica set keeps when it was made. One that was rolled back to is older than its revision: only the
    deployment's own word on its progress says when, and only of the current one.
    """
    uid = deployment["metadata"]["uid"]
    current = (deployment["metadata"].get("annotations") or {}).get(REVISION)
    conditions = {one["type"]: one for one in deployment.get("status", {}).get("conditions") or ()}
    found = []
    for one in sets:
        notes = one["metadata"].get("annotations") or {}
        if uid not in {owner["uid"] for owner in one["metadata"].get("ownerReferences") or ()} or REVISION not in notes:
            continue
        at: str | None = one["metadata"].get("creationTimestamp")
        if notes.get(ROLLED_BACK):
            at = conditions.get("Progressing", {}).get("lastUpdateTime") if notes[REVISION] == current else None
        found.append(Revision(int(notes[REVISION]), notes.get(CAUSE, ""), _images(one["spec"]), when(at)))
    return tuple(sorted(found, key=lambda one: one.number))


def of_controller_revisions(owner: Thing, revisions: Iterable[Thing]) -> tuple[Revision, ...]:
    """The revisions of a stateful set or daemon set, the oldest first."""
    uid = owner["metadata"]["uid"]
    return tuple(
        sorted(
            (
                Revision(
                    int(one["revision"]),
                    (one["metadata"].get("annotations") or {}).get(CAUSE, ""),
                    _images((one.get("data") or {}).get("spec", {})),
                    when(one["metadata"].get("creationTimestamp")),
                )
                for one in revisions
                if uid in {owner["uid"] for owner in one["metadata"].get("ownerReferences") or ()}
            ),
            key=lambda one: one.number,
        )
    )


def _images(spec: Thing) -> tuple[str, ...]:
    return tuple(one.get("image", "") for one in spec.get("template", {}).get("spec", {}).get("containers", ()))


def suspect(revisions: Sequence[Revision], onset: datetime | None, now: datetime) -> tuple[str, ...]:
    """The newest change before `onset`, which is the first to be suspected; without an onset the newest there is."""
    dated = [one for one in revisions if one.at is not None]
    if not dated:
        return ()
    before = [one for one in dated if onset is None or (one.at and one.at <= onset)]
    after = [one for one in dated if onset is not None and one.at and one.at > onset]
    said = []
    if before:
        newest = max(before, key=lambda one: (one.at or now, one.number))
        assert newest.at is not None
        if onset is None:
            said.append(f"The newest change is {_told(newest)}, made {_ago(now - newest.at)} ago.")
        else:
            said.append(f"The newest change before it began is {_told(newest)}, made {_ago(onset - newest.at)} before.")
        if earlier := [one for one in revisions if one.number < newest.number]:
            said.append(f"Before that ran {_told(earlier[-1])}.")
    elif onset is not None:
        said.append("No change that is still kept is older than the beginning: look elsewhere for the cause.")
    said += [f"After it began came {_told(one)}, {_ago(now - one.at)} ago." for one in after if one.at]
    return tuple(said)


def _told(one: Revision) -> str:
    images = f" (image {', '.join(one.images)})" if one.images else ""
    return f"revision {one.number}{images}" + (f", “{one.cause}”" if one.cause else "")


def _ago(span: timedelta) -> str:
    return age(max(span.total_seconds(), 0))


def history(title: str, revisions: Iterable[Revision]) -> str:
    """The revisions as `kubectl rollout history` prints them."""
    rows = [f"{one.number}\t{one.cause or '<none>'}" for one in revisions]
    return f"{title} \n" + tabbed(["REVISION\tCHANGE-CAUSE", *rows], least=0, padding=2) + "\n"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a roll-out is: kubectl's line, and whether it is over, well or not."""

    line: str
    over: bool = False
    failed: bool = False


def progress(deployment: Thing) -> Progress:
    """How far a deployment's roll-out is, by the rules of `kubectl rollout status`."""
    name, status = deployment["metadata"]["name"], deployment.get("status", {})
    wanted = deployment["spec"].get("replicas", 1)
    total, updated, available = (status.get(key) or 0 for key in ("replicas", "updatedReplicas", "availableReplicas"))
    wait = f'Waiting for deployment "{name}" rollout to finish: '
    if deployment["metadata"].get("generation", 0) > (status.get("observedGeneration") or 0):
        return Progress("Waiting for deployment spec update to be observed...")
    reasons = [one.get("reason") for one in status.get("conditions") or () if one["type"] == "Progressing"]
    if "ProgressDeadlineExceeded" in reasons:
        return Progress(f'error: deployment "{name}" exceeded its progress deadline', over=True, failed=True)
    if updated < wanted:
        return Progress(f"{wait}{updated} out of {wanted} new replicas have been updated...")
    if total > updated:
        return Progress(f"{wait}{total - updated} old replicas are pending termination...")
    if available < updated:
        return Progress(f"{wait}{available} of {updated} updated replicas are available...")
    return Progress(f'deployment "{name}" successfully rolled out', over=True)
