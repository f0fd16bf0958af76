"""Links: into Grafana, Jaeger, Kibana and the like, with the incident's own service and window of time.

A link is a template of the settings; what stands in braces is filled in and quoted for its place. An address without
braces is understood for the tools that are known by name:

- Jaeger's search takes microseconds since 1970: https://www.jaegertracing.io/docs/latest/frontend-ui/
- Kibana takes the window in `_g`: https://www.elastic.co/guide/en/kibana/current/kibana-navigate-url.html
- a Grafana dashboard takes milliseconds, and variables as `var-NAME`:
  https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/create-dashboard-url-variables/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

BLANK = re.compile(r"\{([a-z_]+)\}")
BLANKS = ("service", "from_s", "to_s", "from_ms", "to_ms", "from_us", "to_us", "from_iso", "to_iso")
BEFORE = timedelta(hours=1)  # how it was when it was well
KNOWN = {
    "jaeger": "/search?service={service}&start={from_us}&end={to_us}",
    "kibana": "/app/discover#/?_g=(time:(from:'{from_iso}',to:'{to_iso}'))"
    "&_a=(query:(language:kuery,query:'service.name:%22{service}%22'))",
    "grafana": "?var-service={service}&from={from_ms}&to={to_ms}",
}


@dataclass(frozen=True, slots=True)
class Link:
    """One link; `url` is empty where it cannot be made, and `why` says so."""

    name: str
    url: str
    why: str = ""


def links(templates: Mapping[str, str], service: str | None, began: datetime, until: datetime) -> tuple[Link, ...]:
    """Every link of the settings, from an hour before the beginning on."""
    return tuple(_link(name, template, service, began - BEFORE, until) for name, template in templates.items())


def unknown_blanks(template: str) -> tuple[str, ...]:
    """What stands in braces and means nothing here."""
    return tuple(one for one in BLANK.findall(template) if one not in BLANKS)


def whole(name: str, template: str) -> str:
    """The template, completed by what is known of the tool of this name."""
    if BLANK.search(template):
        return template
    known = KNOWN.get(name.casefold(), "")
    if name.casefold() == "grafana":
        if "/d/" not in urlsplit(template).path:
            return template  # only a dashboard has a service and a window
        known = known.replace("?", "&", 1) if urlsplit(template).query else known
    elif urlsplit(template).path not in {"", "/"} or urlsplit(template).query:
        return template  # it leads somewhere already
    return template.rstrip("/") + known


def _link(name: str, template: str, service: str | None, since: datetime, until: datetime) -> Link:
    template = whole(name, template)
    if bad := unknown_blanks(template):
        return Link(name, "", f"Its address in the settings asks for {{{bad[0]}}}, which nobody knows.")
    if "{service}" in template and not service:
        return Link(name, "", "This incident names no service.")
    values = {
        "service": quote(service or "", safe=""),
        **{f"{word}_{unit}": _time(at, unit) for word, at in (("from", since), ("to", until)) for unit in _UNITS},
    }
    return Link(name, BLANK.sub(lambda found: values[found[1]], template))


_UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "iso": 0}


def _time(at: datetime, unit: str) -> str:
    if unit == "iso":
        return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
    microseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return str(microseconds * _UNITS[unit] // 1_000_000)
