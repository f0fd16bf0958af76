"""The rule: the alerts that kube-prometheus ships find the public runbooks written for them, and no other page."""

from __future__ import annotations

from pathlib import Path

import pytest

from fireline.core.guard.tree import Script
from fireline.core.runbook import Runbook, parse
from fireline.core.runbook.match import Facts, Match, match

ADDRESS = "https://runbooks.prometheus-operator.dev/runbooks"
# Alerts of the same rule sets, older or newer than the pages, that have no page.
WITHOUT_A_PAGE = """
    etcdDatabaseHighFragmentationRatio etcdExcessiveDatabaseGrowth etcdHighCommitDurations etcdMemberCommunicationSlow
    KubeAPIErrorsHigh KubeJobNotCompleted KubeNodeEviction KubeNodePressure KubeNodeUnreachable
    KubePdbNotEnoughHealthyPods KubePersistentVolumeFillingUp KubePersistentVolumeInodesFillingUp NodeBondingDegraded
    NodeCPUHighUsage NodeDiskIOSaturation NodeMemoryHighUtilization NodeMemoryMajorPagesFaults
    NodeSystemSaturation NodeSystemdServiceCrashlooping NodeSystemdServiceFailed PrometheusDuplicateTimestamps
    PrometheusHighQueryLoad PrometheusKubernetesListWatchFailures PrometheusOperatorStatusUpdateErrors
    PrometheusScrapeBodySizeLimitHit PrometheusScrapeSampleLimitHit PrometheusSDRefreshFailure
""".split()  # noqa: SIM905


def no_shell(text: str) -> Script:
    """Nothing here is about commands."""
    return Script(error="not asked")


@pytest.fixture(scope="module")
def pages(shared: Path) -> list[Runbook]:
    top = shared / "runbooks" / "prometheus-operator__runbooks" / "content" / "runbooks"
    files = [file for file in sorted(top.rglob("*.md")) if not file.name.startswith("_")]
    return [parse(file.read_bytes(), path=str(file.relative_to(top)), shell=no_shell) for file in files]


def find(pages: list[Runbook], name: str, url: str | None = None) -> Match | None:
    annotations = {"runbook_url": url} if url else {}
    return match(Facts(name=name, labels={"alertname": name}, annotations=annotations), pages)


@pytest.mark.req(25)
def test_every_page_is_found_by_its_alert_with_and_without_an_address(pages: list[Runbook]) -> None:
    assert len(pages) == 105
    for page in pages:
        path = Path(page.path)
        name, folder = path.stem, path.parent.name
        for url in (f"{ADDRESS}/{folder}/{name.lower()}", f"{ADDRESS}/{folder}/{name}/", None):
            found = find(pages, name, url)
            assert found is not None, name
            assert found.runbook is page, (name, found.why)
            assert ("runbook_url" in found.why) == (url is not None)


@pytest.mark.req(25)
def test_an_address_is_enough_whatever_the_alert_is_called(pages: list[Runbook]) -> None:
    for page in pages:
        found = find(pages, "X", f"{ADDRESS}/{page.path.removesuffix('.md').lower()}")
        assert found is not None
        assert found.runbook is page


@pytest.mark.req(25)
@pytest.mark.parametrize("name", WITHOUT_A_PAGE)
def test_an_alert_without_a_page_finds_none(pages: list[Runbook], name: str) -> None:
    assert find(pages, name) is None
    assert find(pages, name, f"{ADDRESS}/general/{name.lower()}") is None


def test_without_its_page_an_alert_does_not_take_a_similar_one(pages: list[Runbook]) -> None:
    for page in pages:
        name = Path(page.path).stem
        found = find([other for other in pages if other is not page], name)
        assert found is None or found.scenario.title == name  # one page bears another's heading
