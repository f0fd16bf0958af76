"""The timeline with what the live cluster says happened in between; a page of its own, which waits for the cluster."""

from __future__ import annotations

from litestar import get
from litestar.response import Template

from fireline.web.answer import Frame, whole
from fireline.web.standing import Reader
from fireline.workflows.cluster_events import ClusterEvents


@get("/incidents/{number:int}/cluster", sync_to_thread=True)
def cluster(frame: Frame, number: int, reader: Reader, cluster_events: ClusterEvents) -> Template:
    """Both, the newest first."""
    at = reader(number)
    around = cluster_events(at.now, at.book)
    lines = [(one.at, None, one) for one in at.entries("all")] + [(one.at, one, None) for one in around.events]
    lines.sort(key=lambda line: line[0], reverse=True)
    return whole("incident/cluster.html", frame, at=at, lines=lines, why=around.why, count=len(around.events))


handlers = (cluster,)
