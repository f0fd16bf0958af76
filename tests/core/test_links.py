"""Links carry the incident's service and its window, each tool's own way; a link that cannot be made says why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fireline.core.links import links

BEGAN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
UNTIL = BEGAN + timedelta(minutes=30)


def link(name: str, template: str, service: str | None = "check out") -> str:
    [one] = links({name: template}, service, BEGAN, UNTIL)
    return one.url or one.why


@pytest.mark.req(130)
@pytest.mark.parametrize(
    ("name", "template", "url"),
    [
        (
            "Jaeger", "http://jaeger:16686",
            "http://jaeger:16686/search?service=check%20out&start=1772449200000000&end=1772454600000000",
        ),
        (
            "Kibana", "https://kibana.internal/",
            (
                "https://kibana.internal/app/discover#/"
                "?_g=(time:(from:'2026-03-02T11:00:00.000Z',to:'2026-03-02T12:30:00.000Z'))"
                "&_a=(query:(language:kuery,query:'service.name:%22check%20out%22'))"
            ),
        ),
        (
            "Grafana", "https://grafana.internal/d/abc/overview?orgId=1",
            "https://grafana.internal/d/abc/overview?orgId=1&var-service=check%20out&from=1772449200000&to=1772454600000",
        ),
        (
            "Logs", "https://logs.internal/q?app={service}&since={from_s}&until={to_s}",
            "https://logs.internal/q?app=check%20out&since=1772449200&until=1772454600",
        ),
        ("Jaeger", "http://jaeger/ours/search?x=1", "http://jaeger/ours/search?x=1"),
        ("Wiki", "https://wiki.internal", "https://wiki.internal"),
    ],
)  # fmt: skip
def test_a_tool_is_opened_at_the_service_and_from_an_hour_before(name: str, template: str, url: str) -> None:
    assert link(name, template) == url


@pytest.mark.req(130)
def test_what_cannot_be_filled_in_is_said_instead() -> None:
    assert link("Jaeger", "http://jaeger:16686", None) == "This incident names no service."
    assert "{pod}" in link("Logs", "https://logs.internal/{pod}")
