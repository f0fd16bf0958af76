"""Settings of what is looked at during an incident: graphs, repositories, links, what depends on what."""

from __future__ import annotations

from typing import Literal

from fireline.settings.part import Part


class PanelSettings(Part, frozen=True, kw_only=True):
    """`[[prometheus.panels]]`: one graph. One that is named like a built-in takes its place."""

    name: str
    query: str  # `$service` is the incident's service, `$window` the setting; it has to give one line
    unit: str = ""
    kind: Literal["errors", "latency", "cpu", "memory", "traffic", "other"] = "other"  # what it means for the cause


class RepositorySettings(Part, frozen=True, kw_only=True):
    """`[[repositories]]`: a checkout or a bare clone whose commits are changes. Somebody else keeps it fresh."""

    path: str
    service: str
    name: str = ""  # default: the folder's
    branch: str = "HEAD"
    link: str = ""  # a commit's page: https://git.example/shop/commit/{sha}
