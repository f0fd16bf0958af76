"""A graph shows what Prometheus says, point for point, and the error rate is that of nginx's own log."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fireline import clock
from fireline.connectors.prometheus import PATIENCE
from fireline.core.runbook import parse
from fireline.core.series import Series
from fireline.settings import PanelSettings, PrometheusSettings
from fireline.shell import parse as shell
from fireline.workflows.panels import BUILT_IN, error_limit, error_rate, filled, measure, panels, window
from kiosk import RUNBOOK, until
from workflows.metered import Till, measured, till

LIMITS = f"{RUNBOOK}- [ ] Error rate < 0.1%\n- [ ] Response time p95 < 0.5 s\n"
SOLD, BROKEN = 30, 10


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    """Forty sales were tried while Prometheus looked, and ten of them failed."""
    with till(tmp_path_factory.mktemp("till") / "nginx") as one, measured(one):
        until(lambda: one.value('count_over_time(http_requests_total{code="502"}[1m]) >= 2'))
        assert one.ask("/sell", SOLD) == {200: SOLD}
        assert one.ask("/broken", BROKEN) == {502: BROKEN}
        until(lambda: one.value("sum(http_requests_total)") == SOLD + BROKEN)
        until(lambda: one.value("count_over_time(http_requests_total[5m]) >= 5"))
        yield one


@pytest.fixture
def settings(sold: Till) -> PrometheusSettings:
    return PrometheusSettings(url=sold.measured_by)


def lines(settings: PrometheusSettings, until_: datetime) -> dict[str, Series]:
    book = parse(LIMITS, path="kiosk.md", shell=shell)
    return {one.name: one for one in measure(settings, "till", until_ - timedelta(minutes=1), until_, (book,))}


@pytest.mark.req(51)
def test_the_error_rate_is_what_the_log_of_nginx_gives_by_hand(sold: Till, settings: PrometheusSettings) -> None:
    counted = sold.counted()
    by_hand = 100 * counted[502] / (counted[200] + counted[502])
    assert by_hand == 25.0
    percent, why = error_rate(settings, "till")
    assert percent == pytest.approx(by_hand)
    assert why == ""
    drawn = lines(settings, clock.now())["error rate"]
    assert drawn.last == pytest.approx(by_hand)
    assert (drawn.limit, drawn.limit_says, drawn.broken) == (0.1, "< 0.1 %", True)


@pytest.mark.req(52)
def test_the_p95_is_that_of_the_histogram_by_hand_and_its_limit_is_in_the_same_unit(
    settings: PrometheusSettings,
) -> None:
    drawn = lines(settings, clock.now())["p95"]
    by_hand = 1000 * (0.5 + (95 - 90) / (100 - 90) * (1 - 0.5))  # between the two levels, as the histogram knows them
    assert drawn.last == pytest.approx(by_hand)
    assert drawn.unit == "ms"
    assert (drawn.limit, drawn.broken) == (500.0, True)


@pytest.mark.req(50)
def test_memory_is_what_the_process_told(settings: PrometheusSettings) -> None:
    assert lines(settings, clock.now())["memory"].last == 250.0


@pytest.mark.req(49, 50, 51, 52)
def test_every_graph_has_the_points_that_promtool_gives(settings: PrometheusSettings) -> None:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("skipped: promtool is not installed")
    at = clock.now().replace(microsecond=0)
    since, step = window(at - timedelta(minutes=1), at)
    drawn = lines(settings, at)
    assert list(drawn) == ["error rate", "p95", "CPU", "memory", "requests"]
    for panel in BUILT_IN:
        told = subprocess.run(
            [program, "query", "range", "-o", "json", f"--start={since.timestamp()}", f"--end={at.timestamp()}",
             f"--step={step:g}s", settings.url, filled(panel, settings, "till")],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        [told_line] = json.loads(told.stdout)
        wanted = [(datetime.fromtimestamp(when, UTC), float(value)) for when, value in told_line["values"]]
        known = [(when, value) for when, value in wanted if math.isfinite(value)]
        assert known
        assert list(drawn[panel.name].points) == known


@pytest.mark.req(49)
def test_a_panel_of_the_settings_takes_the_place_of_the_one_with_its_name(settings: PrometheusSettings) -> None:
    own = PrometheusSettings(
        url=settings.url,
        panels=(
            PanelSettings(name="memory", query='process_resident_memory_bytes{service="$service"}', unit="B"),
            PanelSettings(name="both", query="http_requests_total"),
            PanelSettings(name="odd", query="sum("),
        ),
    )
    assert [one.name for one in panels(own)] == ["error rate", "p95", "CPU", "memory", "requests", "both", "odd"]
    found = lines(own, clock.now())
    assert (found["memory"].last, found["memory"].unit) == (262144000.0, "B")
    assert found["both"].points == ()
    assert "2 lines where one is wanted" in found["both"].why
    assert "parse error" in found["odd"].why


def test_a_service_nobody_measures_and_a_prometheus_that_is_away_are_said(
    settings: PrometheusSettings, tmp_path: Path
) -> None:
    at = clock.now()
    quiet = measure(settings, 'no"body', at, at, ())
    assert {one.why for one in quiet} == {"Prometheus has no data for this query"}
    assert error_rate(settings, "nobody") == (None, "")
    away = PrometheusSettings(url="http://127.0.0.1:9")
    assert all("refused the connection" in one.why for one in measure(away, "till", at, at, ()))
    percent, why = error_rate(away, "till")
    assert percent is None
    assert "refused the connection" in why
    assert PATIENCE < 5  # a page's beat is not held up for longer


def test_a_quoted_service_stays_one_label(settings: PrometheusSettings) -> None:
    panel = BUILT_IN[3]
    assert 'service="a\\"} or vector(1) #"' in filled(panel, settings, 'a"} or vector(1) #')


def test_the_runbooks_own_limit_says_from_when_on_it_happens() -> None:
    assert error_limit((parse(LIMITS, path="kiosk.md", shell=shell),), 1.0) == 0.1
    assert error_limit((parse(RUNBOOK, path="kiosk.md", shell=shell),), 1.0) == 1.0
