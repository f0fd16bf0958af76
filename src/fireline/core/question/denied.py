"""Why kubectl came back with nothing, in the responder's words: who was not let in, where, and what to do about it.

Takes what kubectl printed (client-go's own sentences, kubectl 1.32 to 1.36); of any other text it says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable

CHANGES = frozenset({"patch", "update", "create", "delete", "deletecollection"})
MOST = 3  # sentences; kubectl says the same of each object it was asked for

Say = Callable[[re.Match[str]], str]


def _may_not(found: re.Match[str]) -> str:
    verb, what = found["verb"], found["what"]
    place = f"in the namespace {found['namespace']}" if found["namespace"] else "in every namespace"
    said = f"The account {found['user']} may not {verb} {what} {place}."
    if verb in CHANGES:
        return f"{said} A dry run on the server needs the same right as the change: only the write lane has it."
    if not found["namespace"]:
        return f"{said} It may do so in one of them: name it with -n."
    return f"{said} Whoever runs the cluster grants it."


SENTENCES: tuple[tuple[re.Pattern[str], Say], ...] = (
    (
        re.compile(
            r'User "(?P<user>[^"]+)" cannot (?P<verb>\w+) resource "(?P<what>[^"]+)" in API group "[^"]*"'
            r'(?: in the namespace "(?P<namespace>[^"]+)"| at the cluster scope)'
        ),
        _may_not,
    ),
    (
        re.compile(r"getting credentials: exec: executable (?P<program>\S+) not found"),
        lambda found: (
            f"The kubeconfig signs in by starting {found['program']}, which is not on the lane's PATH. Put "
            "it there, or give the lane a service account's token."
        ),
    ),
    (
        re.compile(r"getting credentials: exec: executable (?P<program>\S+) failed"),
        lambda found: f"The kubeconfig signs in by starting {found['program']}, which gave no credentials: signed out?",
    ),
    (
        re.compile(r"You must be logged in to the server|the server has asked for the client to provide credentials"),
        lambda _: "The cluster does not take the lane's credentials (401): wrong, or expired.",
    ),
    (
        re.compile(r"server localhost:8080 was refused"),
        lambda _: (
            "The lane has no kubeconfig, so kubectl tried this machine: set KUBECONFIG in its environment. "
            "Within a cluster, set KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT there instead."
        ),
    ),
    (
        re.compile(r"proxyconnect tcp: (?P<why>[^\n]+)"),
        lambda found: f"The proxy that the kubeconfig names (proxy-url) does not answer: {found['why']}.",
    ),
    (
        re.compile(r"x509: certificate has expired"),
        lambda _: "A certificate has expired: the API server's, or this machine's clock is wrong.",
    ),
    (
        re.compile(r"Metrics API not available"),
        lambda _: "The cluster has no metrics server, so it cannot say what pods and nodes use.",
    ),
    (
        re.compile(r'the server doesn\'t have a resource type "(?P<kind>[^"]+)"'),
        lambda found: f"This cluster knows nothing called {found['kind']}.",
    ),
)


def of_output(said: str) -> tuple[str, ...]:
    """What to read first of it; none where kubectl was let in."""
    found = [say(hit) for pattern, say in SENTENCES for hit in pattern.finditer(said)]
    return tuple(dict.fromkeys(found))[:MOST]
